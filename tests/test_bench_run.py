"""A whole run, as small as one can be, through the program."""

from pathlib import Path

import pytest

from stillwatch.benchmarks import bench_plan, bench_processes
from stillwatch.benchmarks.bench_plan import Plan
from stillwatch.benchmarks.cards import read_card
from stillwatch.runtime import InputError
from stillwatch.runtime.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS = [ROOT / "benchmarks" / "results" / name / "checkpoint" for name in ("smd", "nab-rds")]
TINY = Plan(
    processes=2, rounds=3, seconds=0.001, cold=1, micro=(), windows=(), batches=(1, 38),
    offline=38, survey_seconds=0.001,
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_plan.Plan, "quick", classmethod(lambda _: TINY))


@pytest.mark.usefixtures("tiny")
def test_a_run_leaves_a_card_and_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    smd, nab = tmp_path / "smd", tmp_path / "nab"
    for link, folder in zip((smd, nab), CHECKPOINTS, strict=True):
        link.mkdir()
        for file in folder.iterdir():
            (link / file.name).write_bytes(file.read_bytes())
    out = tmp_path / "out"
    words = ["--engines", "numpy", "onnxruntime", "onnxruntime-int8"]
    words = ["bench", "--quick", *words, "--out", str(out), "--checkpoint", str(smd), str(nab)]
    monkeypatch.setattr("sys.argv", ["stillwatch", *words])
    assert main(words) == 0
    card = read_card(out / "card.json")
    assert card.command == "stillwatch " + " ".join(words)
    assert {s.name: (s.parameters, s.in_graph, s.source) for s in card.subjects} == {
        "smd": (3281, 3281, "trained"),
        "nab": (18, 18, "trained"),
    }
    found = {timing.key for timing in card.timings}
    windowed = ("SingleStream", "MultiStream", "Offline")
    assert found == {
        (subject, engine, scenario)
        for engine in ("numpy", "onnxruntime")
        for subject, scenarios in {
            "smd": windowed,
            "nab": (*windowed, "StreamingStep", "FleetStep"),
        }.items()
        for scenario in scenarios
    }
    assert all(len(timing.rounds) == 2 for timing in card.timings)
    assert all(p.passed for p in card.parity)
    assert {cold.engine for cold in card.cold} == {"numpy", "onnxruntime"}
    assert "int8 pays from 64" in card.refused["onnxruntime-int8 on smd"]
    assert card.peaks.gemm_gflops > 0.1
    assert (out / "report.html").stat().st_size > 10_000
    assert "cold start" in capsys.readouterr().out


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
    monkeypatch.setattr(bench_processes.sys, "executable", "/bin/false")
    with pytest.raises(InputError, match="a measuring process ended with status 1: no message"):
        bench_processes.work(["numpy"], 1, [])


def test_a_measuring_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_processes, "_LONGEST", 0)
    with pytest.raises(InputError, match="a measuring process was ended after 0 s"):
        bench_processes.work(["numpy"], 1, [])
