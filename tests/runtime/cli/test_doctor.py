"""doctor: what it says, and how it ends."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.runtime import Detector
from stillwatch.runtime.cli import doctor

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("model", ["nab-rds", "nab-rds-online", "smd-micro", "smd-segments"])
def test_doctor_examines_every_kind_of_model(model: str, run: Run) -> None:
    done = run("doctor", model, "--rate", "0.001")
    assert done.returncode == 0, done.stderr
    one = "one sample" if Detector.load(model).info.state else "one window"
    for fragment in ("onnxruntime", "cores for us", "passed", "cold start", "MiB", one, "held"):
        assert fragment in done.stdout
    (microseconds,) = re.findall(r"([\d.]+) us through", done.stdout)
    assert float(microseconds) > 0
    (mebibytes,) = re.findall(r"(\d+) MiB resident", done.stdout)
    assert 10 < int(mebibytes) < 1000


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("flags : sse avx2 avx512_vnni\n", "; avx2, avx512_vnni"),
        ("flags : sse avx\n", ""),
    ],
    ids=["some", "none"],
)
def test_what_the_processor_can_do(
    said: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _path: said)
    assert doctor._flags() == expected


def test_a_rate_that_cannot_be_held_is_status_1(run: Run) -> None:
    done = run("doctor", "nab-rds-online", "--rate", "1e9")
    assert done.returncode == 1
    assert "NOT held" in done.stdout


def test_a_capsule_that_scores_otherwise_is_status_1(
    run: Run, altered: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "off.onnx"
    golden = Detector.load("nab-rds").info.golden[0]
    wrong = {
        "values": golden.values,
        "score": [score + 1 for score in golden.score],
        "alarm": golden.alarm,
        "reconstruction": golden.reconstruction,
    }
    path.write_bytes(altered({"golden": [wrong]}))
    done = run("doctor", path)
    assert done.returncode == 1
    assert "FAILED" in done.stdout


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--rate", "0"], "rate above 0"),
        (["--rate", "1", "--streams", "0"], "at least one stream"),
        (["nowhere.onnx"], "no capsule 'nowhere.onnx'"),
    ],
)
def test_a_bad_call_is_one_line(words: list[str], fragment: str, run: Run) -> None:
    done = run("doctor", *words)
    assert done.returncode == 2
    assert fragment in done.stderr
    assert done.stderr.count("\n") == 1
