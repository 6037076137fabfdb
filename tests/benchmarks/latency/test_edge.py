"""The edge runtime's figures: of which timings they are, and whether they reach their aim."""

import dataclasses
from dataclasses import asdict

import pytest
from support.cards import SPANS, make_card, make_timing

from stillwatch.benchmarks.latency.edge.figures import EDGE_HEADER, Figure, edge_rows, figures
from stillwatch.benchmarks.latency.statistics import Ratio

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
