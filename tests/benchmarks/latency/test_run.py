"""A whole run, as small as one can be, through the program."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from stillwatch.benchmarks.latency import engines, plan, processes
from stillwatch.benchmarks.latency.cards.card_file import read_card
from stillwatch.benchmarks.latency.plan import Plan
from stillwatch.runtime import InputError
from stillwatch.runtime.cli.main import main

RESULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "results"
TINY = Plan(
    processes=2, rounds=3, seconds=0.001, cold=1, micro=(), windows=(), batches=(1, 38),
    offline=38, bulk=40, sweep_seconds=0.001,
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.Plan, "quick", classmethod(lambda _: TINY))


def copied(folder: Path, **sources: str) -> list[str]:
    """Committed checkpoints in folders of these names."""
    for name, source in sources.items():
        shutil.copytree(RESULTS / source / "checkpoint", folder / name)
    return [str(folder / name) for name in sources]


@pytest.mark.usefixtures("tiny")
def test_a_run_leaves_a_card_and_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = copied(tmp_path, smd="smd", nab="nab-rds", teacher="smd")
    out = tmp_path / "out"
    words = ["--engines", "numpy", "onnxruntime", "onnxruntime-int8", "mxnet"]
    words = ["bench", "--quick", *words, "--out", str(out), "--checkpoint", *networks]
    monkeypatch.setattr("sys.argv", ["stillwatch", *words])
    assert main(words) == 0
    card = read_card(out / "card.json")
    assert card.command == "stillwatch " + " ".join(words)
    assert {s.name: (s.parameters, s.in_graph, s.source) for s in card.subjects} == {
        "teacher": (3281, 3281, "trained"),
        "smd": (3281, 3281, "trained"),
        "nab": (18, 18, "trained"),
    }
    found = {timing.key: timing for timing in card.timings}
    windowed = ("SingleStream", "MultiStream", "Offline", "Bulk")
    assert set(found) == {
        (subject, engine, scenario)
        for engine in ("numpy", "onnxruntime", "mxnet")
        for subject, scenarios in {
            "teacher": windowed,
            "smd": windowed,
            "nab": (*windowed, "StreamingStep", "FleetStep"),
        }.items()
        for scenario in scenarios
    }
    assert all(len(timing.rounds) == len(timing.chunks) == 2 for timing in card.timings)
    # Multiples of the teacher are of the same rounds, but where it takes other windows or too long.
    assert {key for key, timing in found.items() if timing.baseline} == {
        ("smd", engine, scenario)
        for engine in ("numpy", "onnxruntime", "mxnet")
        for scenario in windowed[:2]
    }
    assert {(s.subject, len(s.us), len(s.us[0])) for s in card.sweep} == {
        (subject, 2, 2) for subject in ("teacher", "smd", "nab")
    }
    assert all(p.passed for p in card.parity)
    assert {cold.engine for cold in card.cold} == {"numpy", "onnxruntime", "mxnet"}
    assert "int8 pays from 64" in card.refused["onnxruntime-int8 on smd"]
    assert card.peaks.gemm_gflops > 0.1
    assert (out / "report.html").stat().st_size > 10_000
    assert "cold start" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny")
def test_an_engine_past_its_tolerance_is_reported_and_not_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = [
        dataclasses.replace(engine, tolerance=1e-30 if engine.name == "onnxruntime" else 1e-5)
        for engine in engines.named(["numpy", "onnxruntime"])
    ]
    monkeypatch.setattr(engines, "named", lambda _: strict)
    networks = copied(tmp_path, smd="smd")
    assert main(["bench", "--quick", "--out", str(tmp_path), "--checkpoint", *networks]) == 1
    card = read_card(tmp_path / "card.json")
    assert {p.engine: p.passed for p in card.parity} == {"numpy": True, "onnxruntime": False}
    assert {timing.engine for timing in card.timings} == {"numpy"}
    assert {one.engine for one in (*card.sweep, *card.cold)} == {"numpy"}
    assert "onnxruntime on smd is NOT TIMED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--engines", "tensorrt"], "expected engines of"),
        (["--threads", "0"], "expected 1 to 1024 threads, got 0"),
        (["--checkpoint", "no-such-folder"], "is not a checkpoint"),
    ],
    ids=["engine", "threads", "checkpoint"],
)
def test_a_wrong_call_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert main(["bench", *words, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert expected in error


def test_a_measuring_process_that_dies_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.sys, "executable", "/bin/false")
    with pytest.raises(InputError, match="a measuring process ended with status 1: no message"):
        processes.work(["numpy"], 1, [])


def test_a_measuring_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_LONGEST", 0)
    with pytest.raises(InputError, match="a measuring process was ended after 0 s"):
        processes.work(["numpy"], 1, [])
