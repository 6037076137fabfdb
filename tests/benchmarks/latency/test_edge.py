"""The edge runtime's figures: of which timings they are, and whether they reach their aim."""

import contextlib
import dataclasses
import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from support.cards import SPANS, make_card, make_timing

from stillwatch.benchmarks.latency.cards.card_file import write_card
from stillwatch.benchmarks.latency.edge import measure, worker
from stillwatch.benchmarks.latency.edge.figures import EDGE_HEADER, Figure, edge_rows, figures
from stillwatch.benchmarks.latency.statistics import Ratio
from stillwatch.benchmarks.latency.timing import Pace
from stillwatch.runtime.cli.main import main

ENGINES = {
    ("student", "pytorch"): 1600.0,
    ("student", "openvino-default"): 900.0,
    ("student", "openvino-f32"): 1500.0,
    ("student", "onnxruntime-projected"): 1000.0,
    ("student", "onnxruntime-int8-projected"): 400.0,
}
STEPS = [
    ("onnxruntime-operator", "FleetStep", 1400.0, 10_000),
    ("onnxruntime", "FleetStep", 100.0, 10_000),
    ("pytorch", "StreamingStep", 90.0, 1),
    ("onnxruntime", "StreamingStep", 20.0, 1),
]
THREADS = {"onnxruntime-int8-projected": Ratio(1.9, 1.85, 1.95)}


def found(**spans: float) -> list[Figure]:
    card = make_card({**SPANS, **ENGINES})
    timings = [
        *card.timings,
        *(make_timing("nab-rds", e, s, spans.get(e, us), n) for e, s, us, n in STEPS),
    ]
    return figures(dataclasses.replace(card, timings=timings), THREADS, {"1": 70.0, "10": 160.0})


def test_every_aim_is_measured_and_judged() -> None:
    by_name = {(figure.what, figure.against): figure for figure in found()}
    assert len(by_name) == len(found()) == 9 + 9 + 1 + 2 + 2 + 2
    int8 = by_name["student, one window, onnxruntime-int8-projected", "pytorch"]
    assert (int8.aim, int8.measured, int8.met) == (3.8, pytest.approx(4.0), True)
    assert not by_name["student, one window, onnxruntime-int8-projected", "mxnet"].aim > 10
    plain = by_name["student, 38 windows, onnxruntime-projected", "openvino-f32"]
    assert (plain.measured, plain.met) == (pytest.approx(1.5), True)
    fleet = by_name["nab-rds, one step of 10,000 streams, onnxruntime", "onnxruntime-operator"]
    assert (fleet.measured, fleet.met) == (pytest.approx(14.0), False)
    memory = [figure for figure in found() if figure.unit == "MiB"]
    assert [figure.met for figure in memory] == [True, False]


def test_a_slower_engine_of_ours_misses_its_aim() -> None:
    step = "nab-rds, one step of one stream, onnxruntime"
    (slow,) = (figure for figure in found(onnxruntime=40.0) if figure.what == step)
    assert (slow.measured, slow.met) == (pytest.approx(2.25), False)


def test_engines_that_are_absent_leave_their_rows_out() -> None:
    card = make_card({**SPANS, ("student", "onnxruntime-int8-projected"): 400.0})
    names = {figure.against for figure in figures(card, {}, {})}
    assert names == {"mxnet"}


def test_rows_of_text() -> None:
    rows = edge_rows([asdict(figure) for figure in found()])
    assert {len(row) for row in rows} == {len(EDGE_HEADER)}
    assert rows[-1][2:] == ("under 150 MiB", "160 MiB", "short of it")
    (threads,) = (row for row in rows if row[1] == "one thread")
    assert threads[2:] == ("1.8x", "1.9x (1.85 to 1.95)", "")


def test_a_ratio_just_short_of_its_aim_does_not_look_like_it() -> None:
    near = {"onnxruntime-int8-projected": Ratio(1.7997, 1.7, 1.9)}
    (figure,) = (f for f in figures(make_card(), near, {}) if f.against == "one thread")
    (row,) = edge_rows([asdict(figure)])
    assert row[2:] == ("1.8x", "1.7997x (1.7 to 1.9)", "short of it")


def test_the_command_measures_and_writes_every_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_a_process = measure.run_module
    calls: list[list[str]] = []

    def small(words: list[str], threads: int) -> str:
        """A process of its own for memory alone; timings here, a few short ones."""
        calls.append(words[1:])
        if words[1] == "memory":
            return in_a_process(words, threads)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            worker.main(*words[1:])
        return said.getvalue()

    monkeypatch.setattr(measure, "run_module", small)
    monkeypatch.setattr(measure, "SAMPLES", (20_000,))
    monkeypatch.setattr(worker, "_WINDOWS", 4)
    monkeypatch.setattr(worker, "_PACE", Pace(rounds=3, seconds=0.05, burst=0.001, calls=2))
    made = make_card({**SPANS, **ENGINES})
    write_card(tmp_path / "card.json", made)
    words = ["bench", "edge", str(tmp_path / "card.json"), "-o", str(tmp_path / "edge.json")]
    assert main(words) == 0

    document = json.loads((tmp_path / "edge.json").read_text())
    figures_of = {(entry["what"], entry["against"]): entry for entry in document["figures"]}
    assert document["card"] == {"command": made.command, "date": made.date, "cpu": "made up"}
    int8 = figures_of["student, one window, onnxruntime-int8-projected", "pytorch"]
    assert int8["measured"] == pytest.approx(4.0)
    threads = {what: e for (what, against), e in figures_of.items() if against == "one thread"}
    assert len(threads) == 2
    assert all(0 < e["low"] <= e["measured"] <= e["high"] for e in threads.values())
    (memory,) = (entry for entry in figures_of.values() if entry["unit"] == "MiB")
    assert "20,000 samples" in memory["what"]
    assert memory["measured"] > 10  # no process of Python and onnxruntime holds less
    seeds = [call[2] for call in calls if call[0] == "threads"]
    assert seeds == 2 * [str(seed) for seed in range(len(seeds) // 2)]
    assert "one thread" in capsys.readouterr().out
