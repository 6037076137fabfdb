"""What holds for every model family, with no code of its own for any.

Weights are random and distinct, in 1 to 3 layers, and there are other numbers
of channels than of hidden units: constant weights hide a wrong gate order,
and equal sizes a transposed matrix. The list of families is in
family_cases.py.
"""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import FIELDS, assert_equal, joined, sizes, spans

from battery.family_cases import FAMILIES, WINDOW, Made, cases
from stillwatch.export.families import table
from stillwatch.export.graph import lstm
from stillwatch.export.verify.verification import compare
from stillwatch.runtime import Detector, Result
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.table import CONFIGS, family_module
from stillwatch.train.loop.fit import count_parameters

# Two orders of summation within single precision, over a window of gates and three layers.
SINGLE_PRECISION = 1e-5


@pytest.fixture(scope="module", params=cases().items(), ids=lambda case: case[0])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("family"), request.param[1])


def test_every_family_is_in_a_battery() -> None:
    """Of detectors here; forecasters have no score, and a battery beside this one."""
    detectors = {family.name for family in FAMILIES.values()}
    forecasters = {name for name, kind in CONFIGS.items() if kind is ForecasterConfig}
    assert forecasters
    assert detectors == set(CONFIGS) - forecasters == set(table.FAMILIES)


def test_frameworks_agree(made: Made) -> None:
    agreements, absent = compare(made.path, made.folder, made.values(5 * WINDOW))
    # onnx's evaluator computes an LSTM of other activations, or backward, as if it were not.
    expected = {"onnx reference evaluator"} if has_other_lstm(made.build()) else set()
    assert set(absent) == expected
    assert len(agreements) == 3 - len(expected)
    assert [a for a in agreements if not a.passed] == []


def has_other_lstm(content: bytes) -> bool:
    nodes = onnx.load_from_string(content).graph.node
    attributes = {(a.name, a.s) for node in nodes for a in node.attribute if node.op_type == "LSTM"}
    return any(n == "activations" for n, _ in attributes) or ("direction", b"reverse") in attributes


def test_there_is_something_to_agree_on(made: Made) -> None:
    found = made.detector.score(made.values(5 * WINDOW))
    assert 0.02 < found.alarm.mean() < 0.98  # alarms that could flip
    assert (np.ptp(found.reconstruction, axis=0) > 0.01 * np.array(made.checkpoint.scale)).all()


def test_golden_vectors_replay(made: Made) -> None:
    assert replay(made.detector).passed


def test_wrong_gate_order_is_caught(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lstm, "_reordered", lambda gluon: gluon)
    found = replay(Detector.from_bytes(made.build(), "made up"))
    assert found.reconstruction > 100 * found.tolerance


def test_parameters_are_those_that_gluon_counts(made: Made) -> None:
    net = family_module(made.checkpoint.family, "recipe").load_network(made.folder)
    assert count_parameters(net) == made.detector.info.parameters == made.checkpoint.parameters


def test_same_bytes_again(made: Made) -> None:
    assert made.build() == made.path.read_bytes()


def test_one_lstm_node_a_layer_and_standard_operators(made: Made) -> None:
    model = onnx.load_from_string(made.build())
    layers = sum(name.endswith("i2h_weight") for name in made.weights)
    assert [node.op_type for node in model.graph.node].count("LSTM") == layers
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]


def test_batch_invariance(made: Made) -> None:
    batch = np.stack([made.values(3 * WINDOW + 7, seed) for seed in range(4)])
    batch[2] *= 50  # a loud neighbour changes nothing
    whole = made.detector.score(batch)
    for number, values in enumerate(batch):
        alone = made.detector.score(values)
        for name in OUTPUTS:
            np.testing.assert_array_equal(getattr(whole, name)[number], getattr(alone, name))
    in_one_call = made.in_one_call(batch)
    for number, values in enumerate(batch):
        for name, figures in made.in_one_call(values[None]).items():
            assert_close(in_one_call[name][number], figures[0])


def test_chunk_invariance_of_files(made: Made) -> None:
    """A series scores the same whole, or cut at any boundary between windows."""
    values = made.values(60 * WINDOW)
    whole = made.detector.score(values)
    for cut in (WINDOW, 7 * WINDOW, 59 * WINDOW):
        parts = [made.detector.score(part) for part in (values[:cut], values[cut:])]
        for name in OUTPUTS:
            joined = np.concatenate([getattr(part, name) for part in parts])
            assert_close(joined, getattr(whole, name))


@settings(max_examples=10)
@given(chunks=sizes(WINDOW, most=3 * WINDOW), cut=st.integers(0, 4 * WINDOW))
def test_streams_and_snapshots(made: Made, chunks: list[int], cut: int) -> None:
    """A series scores the same in chunks of any sizes, stopped anywhere and gone on from bytes."""
    values = made.values(5 * WINDOW + 3)
    stream = made.detector.stream()
    parts = []
    for span in spans(len(values), chunks):
        parts.append(stream.extend(values[span]))
        if span.stop >= cut:
            stream, cut = made.detector.stream(stream.snapshot()), len(values) + 1
    if stream.pending:
        parts.append(stream.finish())
    assert_equal(joined(parts), made.detector.score(values))


def test_a_fleet_answers_as_each_stream_alone(made: Made) -> None:
    batch = np.stack([made.values(2 * WINDOW, seed) for seed in range(3)])
    fleet = made.detector.fleet(3)
    together = joined([fleet.update(batch[:, row]) for row in range(2 * WINDOW)], time=1)
    for number, values in enumerate(batch):
        for name, figures in zip(FIELDS, answers(together, number), strict=True):
            np.testing.assert_array_equal(figures, getattr(made.detector.score(values), name))


def answers(result: Result, number: int) -> list[AnyArray]:
    return [getattr(result, name)[number] for name in FIELDS]


@pytest.mark.parametrize("rows", [1, 3, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW + 5])
def test_the_graph_cuts_windows_as_a_host_would(made: Made, rows: int) -> None:
    values = made.values(rows)[None]
    whole = made.in_one_call(values)
    parts = [
        made.in_one_call(values[:, start : start + WINDOW]) for start in range(0, rows, WINDOW)
    ]
    for name, figures in whole.items():
        assert_close(figures, np.concatenate([part[name] for part in parts], axis=1))


def test_bad_values(made: Made) -> None:
    values = made.values(2 * WINDOW)
    wide = np.concatenate([values, values[:, :1]], axis=1)
    with pytest.raises(InputError, match=f"expected {values.shape[1]} channel"):
        made.detector.score(wide)
    for bad in (np.nan, np.inf, 1e39):
        broken = values.copy()
        broken[13, 0] = bad
        with pytest.raises(InputError, match="row 13"):
            made.detector.score(broken)
    with pytest.raises(InputError, match="expected numbers"):
        made.detector.score(values.astype(str).astype(object) + "x")
    for empty in (values[:0], np.empty((0, *values.shape))):
        with pytest.raises(InputError):
            made.detector.score(empty)
    if not made.detector.info.state:
        with pytest.raises(InputError, match=f"at least {WINDOW} rows"):
            made.detector.score(values[: WINDOW - 1])


def assert_close(found: AnyArray, expected: AnyArray) -> None:
    if found.dtype == bool:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=SINGLE_PRECISION, atol=SINGLE_PRECISION)
