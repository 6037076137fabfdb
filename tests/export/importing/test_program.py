"""From a colleague's file to alarms in three commands, and the lines of what does not serve."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.foreign import FILES

from stillwatch.runtime import Detector
from stillwatch.runtime.cli.main import main


@pytest.fixture
def normal(tmp_path: Path) -> Path:
    drawn = np.random.default_rng(0).normal(20, 3, (600, 3))
    path = tmp_path / "normal.csv"
    lines = [",".join(map(repr, row)) for row in drawn.tolist()]
    path.write_text("\n".join(["a,b,c", *lines]) + "\n")
    return path


def test_three_commands(normal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, mine = str(tmp_path / "theirs"), str(tmp_path / "mine.onnx")
    file = str(FILES / "sensor.safetensors")
    assert main(["import", file, "-o", theirs, "--window", "12"]) == 0
    said = capsys.readouterr().out
    assert "module.fc.weight" in said
    assert "PyTorch -> sensor: 639 parameters, 3 channels, windows of 12 rows" in said
    assert f"next: stillwatch calibrate {theirs} NORMAL.csv -o MINE.onnx" in said
    assert main(["calibrate", theirs, str(normal), "-o", mine]) == 0
    assert main(["score", mine, str(normal), "-o", str(tmp_path / "scored.csv")]) == 0
    assert (tmp_path / "scored.csv").read_text().count("\n") == 601


@pytest.mark.parametrize("way", ["numbers", "standard", "min-max"])
def test_the_scaler_that_came_with_it_stays(way: str, normal: Path, tmp_path: Path) -> None:
    document = {
        "standard": {"mean_": [20, 21, 22], "scale_": [3, 4, 5]},
        "min-max": {"data_min_": [20, 21, 22], "data_max_": [23, 25, 27]},
    }
    given = ["--mean", "20,21,22", "--scale", "3,4,5"]
    if way != "numbers":
        (tmp_path / "scaler.json").write_text(json.dumps(document[way]))
        given = ["--scaler", str(tmp_path / "scaler.json")]
    theirs, mine = str(tmp_path / "theirs"), str(tmp_path / "mine.onnx")
    file = str(FILES / "gluon-two-layers.params")
    told = ["--window", "12", "--family", "repeat-vector", *given]
    assert main(["import", file, "-o", theirs, *told]) == 0
    assert main(["calibrate", theirs, str(normal), "-o", mine, "--keep-scaler"]) == 0
    info = Detector.load(mine).info
    assert (info.mean, info.scale) == ((20, 21, 22), (3, 4, 5))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--mean", "20"], "expected --mean and --scale together, or --scaler"),
        (["--mean", "1,2", "--scale", "1,2"], "a mean and a scale for each of 3 channels, got 2"),
        (["--mean", "x", "--scale", "1"], "expected --mean as numbers with commas, got 'x'"),
        (["--mean", "1", "--scale", "0"], "expected finite means, and scales above 0"),
        (["--map", "a"], "expected --map NAME=NAME, got 'a'"),
        (["--window", "1"], "expected a --window of 2 rows or more, got 1"),
        (["--scaler", "scaler.pkl"], "cannot read scaler.pkl"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(FILES / "sensor.safetensors")
    out = str(tmp_path / "theirs")
    assert main(["import", file, "-o", out, "--window", "12", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("stillwatch: ")
    assert line in said
    assert said.count("\n") == 1
    assert not (tmp_path / "theirs").exists()


def test_a_pickled_scaler_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scaler.pkl").write_bytes(b"\x80\x04.")
    file = str(FILES / "sensor.safetensors")
    told = ["--window", "12", "--scaler", str(tmp_path / "scaler.pkl")]
    assert main(["import", file, "-o", str(tmp_path / "theirs"), *told]) == 2
    assert "is a pickle, which runs code when it is read: write its" in capsys.readouterr().err


def test_nothing_to_keep(normal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = str(tmp_path / "theirs")
    file = str(FILES / "sensor.safetensors")
    assert main(["import", file, "-o", theirs, "--window", "12"]) == 0
    kept = ["calibrate", theirs, str(normal), "-o", str(tmp_path / "m.onnx"), "--keep-scaler"]
    assert main(kept) == 2
    assert "a scaler for 3 channels to keep, and it has none" in capsys.readouterr().err


def test_an_original_that_is_not_what_came_in_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "theirs"
    file = str(FILES / "gluon-two-layers.params")
    assert main(["import", file, "-o", str(theirs), "--window", "12", "--family", "sensor"]) == 0
    assert main(["verify", str(theirs), "--against", file]) == 0
    # The exported graph says that its decoder begins from zeros: it is another network.
    symbol = str(FILES / "gluon-two-layers-exported-symbol.json")
    assert main(["verify", str(theirs), "--against", symbol]) == 1
    assert "FAILED" in capsys.readouterr().out
