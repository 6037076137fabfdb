"""`stillwatch train sensor --data MY.csv`, as a user meets it: what it leaves, what it refuses."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.own_table import OPTIONS, table

from stillwatch.runtime import Detector
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.golden_replay import replay
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.tables.table_file import load_recording

TIMES = ReadOptions(time_column="t")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "my.csv"
    path.write_text(table(), encoding="utf-8")
    return path


def test_checkpoint_capsule_and_report(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("train", "sensor", "--data", data, "--time-column", "t", *OPTIONS, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    checkpoint, _ = load_checkpoint(out)
    assert checkpoint.channels == (("temperature", ""), ("pressure", ""))
    detector = Detector.load(out / "model.onnx")
    assert replay(detector).passed
    info = detector.info
    assert (info.family, info.channel_mode, info.state, info.window) == ("sensor", "joint", 0, 10)
    assert info.calibrated
    assert info.training.missing == "refuse"
    assert info.data.rows == 90
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count('<figure class="plot"') == 2
    assert "my.csv" in page
    assert f"{checkpoint.parameters:,} parameters" in page
    assert done.stdout.count("passed") == 3
    scored = run("score", out / "model.onnx", data, "-o", tmp_path / "scored.csv")
    assert scored.returncode == 0, scored.stderr
    verified = run("verify", out / "model.onnx", "--checkpoint", out, "--series", data)
    assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize(
    ("text", "options", "period", "said"),
    [
        (table(dated=True), [], 60, "a judge for a row every 60 s"),
        (table(dated=True), ["--period", "5min"], 300, "a judge for a row every 300 s"),
        (table(), ["--period", "1h"], 3600, "a judge for a row every 3600 s"),
        (table(), [], None, "no judge for a --budget: no dates say how far apart rows are"),
        (table(80, dated=True), [], None, "no judge for a --budget: 24 rows to calibrate on are"),
    ],
    ids=["dates", "option beside dates", "option", "neither", "few rows"],
)
def test_the_judge_of_a_file_that_says_how_far_apart_rows_are(
    text: str,
    options: list[str],
    period: float | None,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data, out = tmp_path / "my.csv", tmp_path / "out"
    data.write_text(text, encoding="utf-8")
    words = ["train", "sensor", "--data", str(data), *OPTIONS, "--time-column", "t", *options]
    assert main([*words, "--out", str(out)]) == 0  # the frameworks agree on alarms, too
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith(said)]
    detector = Detector.load(out / "model.onnx")
    judge = detector.info.judge
    assert (judge and judge.period) == period
    judged = detector.score(load_recording(data, options=TIMES).joined()).judged
    assert (judged is not None) == (period is not None)  # the budget is the default, or is not


def test_the_same_again_reads_and_does_not_train(run: Run, data: Path, tmp_path: Path) -> None:
    command = ("train", "sensor", "--data", data, "--column", "pressure", *OPTIONS)
    first = run(*command, "--out", tmp_path / "out")
    before = (tmp_path / "out" / "model.onnx").read_bytes()
    again = run(*command, "--out", tmp_path / "out")
    assert first.returncode == again.returncode == 0, again.stderr
    assert "epoch/s" not in again.stderr
    assert (tmp_path / "out" / "model.onnx").read_bytes() == before
    data.write_text(table(310), encoding="utf-8")
    other = run(*command, "--out", tmp_path / "out")
    assert other.returncode == 2
    assert "another series" in other.stderr


def test_missing_values_are_treated_at_the_edge_as_in_training(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text(table(empty=150), encoding="utf-8")
    for missing, status in (("forward", 0), ("interpolate", 2)):
        out = tmp_path / missing
        options = ("--time-column", "t", *OPTIONS, "--missing", missing, "--out", out)
        done = run("train", "sensor", "--data", path, *options)
        assert done.returncode == 0, done.stderr
        assert f"1 cells without a value were filled ({missing})" in done.stdout
        scored = run("score", out / "model.onnx", path)
        assert scored.returncode == status, scored.stderr
    scored = run("score", tmp_path / "forward" / "model.onnx", path)
    assert "1 cells filled forward" in scored.stderr


def test_channels_of_the_test_file_that_training_did_not_see(
    run: Run, data: Path, tmp_path: Path
) -> None:
    """They pass through as every other column does; one that is not there is named."""
    out = tmp_path / "out"
    done = run("train", "sensor", "--data", data, "--time-column", "t", *OPTIONS, "--out", out)
    assert done.returncode == 0, done.stderr
    lines = data.read_text(encoding="utf-8").splitlines()
    wider = tmp_path / "wider.csv"
    wider.write_text("\n".join([f"{lines[0]},humidity", *(f"{x},5" for x in lines[1:])]))
    narrow = tmp_path / "narrow.csv"
    narrow.write_text("\n".join(",".join(line.split(",")[:2]) for line in lines))
    usual, found = (run("score", out / "model.onnx", path) for path in (data, wider))
    assert usual.returncode == found.returncode == 0
    by_line = zip(usual.stdout.splitlines()[1:], found.stdout.splitlines()[1:], strict=True)
    assert all(b == a.replace(",rack 1,", ",rack 1,5,") for a, b in by_line)
    missing = run("score", out / "model.onnx", narrow)
    assert missing.returncode == 2
    assert "no column 'pressure'" in missing.stderr


@pytest.mark.parametrize("package", ["onnx", "matplotlib"])
def test_without_the_packages_of_export_and_report_a_checkpoint_is_left(
    package: str, data: Path, tmp_path: Path
) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from stillwatch.runtime.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["train", "sensor", "--data", data, "--column", "pressure", *OPTIONS]
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--out", tmp_path / "out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"no capsule and no report: they need {package}" in done.stdout
    assert load_checkpoint(tmp_path / "out")[0].family == "sensor"
    assert not (tmp_path / "out" / "report.html").exists()


COLUMNS = re.compile(r"\d+ channels?: |time: |not channels: ")  # what columns were taken for
BAD = {
    "window longer than the series": (table(60), ["--window", "100"], "windows of 100"),
    "no such time column": (table(60), ["--time-column", "when"], "no column 'when'"),
    "time not sorted": (
        "t,a\n0,1\n2,2\n1,3\n",
        ["--time-column", "t"],
        "earlier than the row before it",
    ),
    "text in a channel": ("a\n1\nx\n", [], "expected a number, got 'x'"),
    "nothing left": (
        "a,b\n1,\n2,\n",
        ["--missing", "forward", "--column", "a", "--column", "b"],
        "no rows are left",
    ),
    "bad option": (table(60), ["--dropout", "1"], "a dropout from 0 to below 1"),
    "no such file": (None, [], "cannot read"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_2(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, options, expected = BAD[case]
    path = tmp_path / "my.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    words = ["train", "sensor", "--data", str(path), *options, "--out", str(tmp_path / "out")]
    assert main(words) == 2
    *columns, line = capsys.readouterr().err.splitlines()
    assert line.startswith("stillwatch: ")
    assert all(COLUMNS.match(said) for said in columns)
    assert expected in line
    assert not (tmp_path / "out").exists()
