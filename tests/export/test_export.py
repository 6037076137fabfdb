"""The capsule against the network it was made from, and the graph against its contract.

Weights are random and distinct: with constant ones, gates in a wrong order agree.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator
from support.checkpoints import (
    MEAN,
    OUTPUTS,
    SCALE,
    THRESHOLD,
    Made,
    make_checkpoint,
    random_weights,
    scaled,
    series,
)

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.families.table import reconstruction
from stillwatch.export.graph import lstm
from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import METADATA_KEY
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.data.checkpoint import Checkpoint

# MXNet's own call, not ours; test_mxnet_compat.py holds training to no warning at all.

UNITS = (1, 2, 5)
LENGTHS = (1, 7, 47, 48, 49, 96, 130)  # within a window, its end, its border, several, and a rest

# Single precision is 6e-8 of a number near one; 48 steps of five units lose a digit and a half.
# Reconstructions are compared in scaled units.
TOLERANCE = 2e-6


@pytest.fixture(scope="module", params=UNITS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"), request.param)


@pytest.fixture(scope="module")
def made_of_two(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"), 2)


@pytest.mark.parametrize("length", LENGTHS)
def test_capsule_equals_gluon(made: Made, length: int) -> None:
    from stillwatch.train.families.nab_rds.recipe import load_network, reconstruct

    values = series(1, length)[0]
    x = scaled(values)
    net = load_network(made.folder)
    expected = reconstruct(net, x[:, None].astype(np.float32), made.checkpoint.config)[:, 0]
    result = Detector.load(made.path).score(values)
    np.testing.assert_allclose(scaled(result.reconstruction), expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(result.error, np.abs(x - expected), rtol=0, atol=TOLERANCE)
    score = np.square(x - expected)
    np.testing.assert_allclose(result.score, score, rtol=1e-5, atol=TOLERANCE)
    clear = np.abs(score - THRESHOLD) > 1e-4
    np.testing.assert_array_equal(result.alarm[clear], score[clear] > THRESHOLD)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("count", [1, 3])
def test_graph_equals_reference(made: Made, count: int, length: int) -> None:
    values = series(count, length)
    out = made.run(values)
    x = scaled(values)
    expected = made.expected(x)
    assert out["reconstruction"].shape == out["error"].shape == (count, length, 1)
    found = scaled(out["reconstruction"][..., 0])
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(out["error"][..., 0], np.abs(x - expected), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(out["score"], (x - expected) ** 2, rtol=1e-5, atol=TOLERANCE)
    assert out["alarm"].dtype == bool
    np.testing.assert_array_equal(out["alarm"], out["score"] > np.float32(THRESHOLD))


def test_both_sides_of_the_threshold_are_seen(made: Made) -> None:
    alarm = made.run(series(3, 130))["alarm"]
    assert 0.05 < alarm.mean() < 0.95


def test_windows_cut_by_the_host_are_the_same_bits(made: Made) -> None:
    values = series(1, 130)
    whole = made.run(values)
    for start in range(0, 130, 48):
        part = made.run(values[:, start : start + 48])
        np.testing.assert_array_equal(part["score"], whole["score"][:, start : start + 48])


@pytest.mark.parametrize("cuts", [(20,), (1, 2, 3, 47), tuple(range(1, 48))])
def test_carried_state_within_a_window(made: Made, cuts: tuple[int, ...]) -> None:
    values = series(3, 48)
    whole = made.run(values)
    state: dict[str, AnyArray] = {}
    scores = []
    for part in np.split(values, cuts, axis=1):
        out = made.run(part, **state)
        state = {"h": out["h_out"], "c": out["c_out"]}
        scores.append(out["score"])
    np.testing.assert_allclose(np.concatenate(scores, 1), whole["score"], rtol=1e-5, atol=TOLERANCE)
    for name in ("h", "c"):
        assert state[name].shape == (1, 3, made.checkpoint.config.units)
        np.testing.assert_allclose(state[name], whole[f"{name}_out"], rtol=0, atol=TOLERANCE)


def test_state_changes_the_first_window_only(made: Made) -> None:
    values = series(2, 96)
    state = np.full((1, 2, made.checkpoint.config.units), 0.5)
    differs = made.run(values)["score"] != made.run(values, h=state, c=state)["score"]
    assert differs[:, 0].all()
    assert not differs[:, 48:].any()


def test_state_of_batch_one_serves_every_series(made: Made) -> None:
    values, units = series(3, 30), made.checkpoint.config.units
    one = np.random.default_rng(0).normal(0, 0.5, (1, 1, units))
    by_one = made.run(values, h=one, c=one)
    by_each = made.run(values, h=np.tile(one, (1, 3, 1)), c=np.tile(one, (1, 3, 1)))
    np.testing.assert_array_equal(by_one["score"], by_each["score"])


@pytest.mark.parametrize(("length", "rest"), [(130, 34), (96, 48), (49, 1), (7, 7)])
def test_state_out_is_that_of_the_last_window(made: Made, length: int, rest: int) -> None:
    values = series(3, length)
    whole, last = made.run(values), made.run(values[:, -rest:])
    for name in ("h_out", "c_out"):
        np.testing.assert_allclose(whole[name], last[name], rtol=0, atol=TOLERANCE)


def test_state_out_is_the_references(made: Made) -> None:
    values = series(1, 130)
    layer = lstm.LstmLayer.of(made.weights, "lstm", 0)
    from stillwatch.export.families.reference import lstm as reference_lstm

    hidden = reference_lstm(scaled(values)[..., None][:, 96:], layer)
    found = made.run(values)["h_out"][0]
    np.testing.assert_allclose(found, hidden[:, -1], rtol=0, atol=TOLERANCE)


def test_golden_replay_passes(made: Made) -> None:
    found = replay(Detector.load(made.path))
    assert found.passed
    assert found.vectors == 3


def test_wrong_gate_order_is_caught(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lstm, "_reordered", lambda gluon: gluon)
    (tmp_path / "wrong.onnx").write_bytes(build_capsule(made.checkpoint, made.weights))
    found = replay(Detector.load(tmp_path / "wrong.onnx"))
    assert not found.passed
    assert found.reconstruction > 1000 * found.tolerance


def test_onnx_reference_evaluator_agrees(made: Made) -> None:
    values = series(3, 130)
    evaluator = ReferenceEvaluator(made.model)
    names = ["score", "alarm", "reconstruction", "error"]
    found = evaluator.run(names, {"values": values[..., None]})
    expected = made.run(values)
    for name, array in zip(names, found, strict=True):
        np.testing.assert_allclose(
            np.asarray(array, float), expected[name].astype(float), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 1), (1, 60, 1), (3, 60, 1)])
def test_mean_and_scale_by_series_and_step(made: Made, shape: tuple[int, ...]) -> None:
    values = series(3, 60)
    generator = np.random.default_rng(5)
    mean = generator.normal(MEAN, 2, shape).astype(np.float32).astype(np.float64)
    scale = generator.uniform(2, 5, shape).astype(np.float32).astype(np.float64)
    x = (values - mean[..., 0]) / scale[..., 0]
    decoded = made.expected(x)
    out = made.run(values, mean=mean, scale=scale)
    np.testing.assert_allclose(out["score"], (x - decoded) ** 2, rtol=1e-5, atol=1e-5)
    restored = decoded * scale[..., 0] + mean[..., 0]
    np.testing.assert_allclose(out["reconstruction"][..., 0], restored, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 40.0])
def test_threshold_override(made: Made, threshold: float) -> None:
    values = series(2, 96)
    out = made.run(values, threshold=np.array(threshold))
    np.testing.assert_array_equal(out["score"], made.run(values)["score"])
    np.testing.assert_array_equal(out["alarm"], out["score"] > np.float32(threshold))
    through_runtime = Detector.load(made.path).score(values[0], threshold=threshold)
    np.testing.assert_array_equal(through_runtime.alarm, through_runtime.score > threshold)


def test_defaults_are_the_checkpoints(made: Made) -> None:
    values = series(2, 50)
    figures = {"mean": MEAN, "scale": SCALE}
    shaped = {name: np.full((1, 1, 1), figure) for name, figure in figures.items()}
    fed = made.run(values, threshold=np.array(THRESHOLD), **shaped)
    for name, array in made.run(values).items():
        np.testing.assert_array_equal(array, fed[name])


BROKEN = {
    "missing": ("dense.bias", None),
    "surplus": ("dense.gamma", np.zeros(1, np.float32)),
    "surplus with two lines": ("dense\nbias", np.zeros(1, np.float32)),
    "other shape": ("lstm._unfused.0.i2h_weight", np.zeros((1, 8), np.float32)),
    "other size": ("lstm._unfused.0.h2h_weight", np.zeros((8, 3), np.float32)),
    "NaN": ("lstm._unfused.0.i2h_bias", np.array([np.nan] + [0] * 7, np.float32)),
    "infinity": ("lstm._unfused.0.h2h_bias", np.array([0] * 7 + [-np.inf], np.float32)),
    "float64": ("dense.weight", np.zeros((1, 2), np.float64)),
    "float16": ("dense.weight", np.zeros((1, 2), np.float16)),
    "int32": ("dense.bias", np.zeros(1, np.int32)),
}


@pytest.mark.parametrize("case", BROKEN)
def test_weights_that_do_not_fit(
    made_of_two: Made, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    name, value = BROKEN[case]
    weights = made_of_two.weights | {name: value}
    if value is None:
        del weights[name]

    def no_node(*_arguments: object, **_options: object) -> None:
        pytest.fail("a node was made before the weights were checked")

    monkeypatch.setattr(onnx.helper, "make_node", no_node)
    with pytest.raises(CheckpointError, match="weights do not fit") as caught:
        build_capsule(made_of_two.checkpoint, weights)
    message = str(caught.value)
    assert name.split("\n")[0] in message
    assert "\n" not in message
    assert message.count(";") == 0  # the others fit, and are not blamed


def test_every_misfit_is_named(made_of_two: Made) -> None:
    weights = made_of_two.weights | {"gamma": np.zeros(1, np.float32)}
    del weights["dense.bias"]
    with pytest.raises(CheckpointError, match=r"'dense\.bias': .*; 'gamma': ") as caught:
        build_capsule(made_of_two.checkpoint, weights)
    assert "expected (1,), got none" in str(caught.value)


def test_scaling_that_is_not_calibrated(made_of_two: Made) -> None:
    with pytest.raises(InputError, match=r"calibrated for, trained, got 'series'"):
        build_capsule(made_of_two.checkpoint, made_of_two.weights, "series")


def test_same_bytes_again(made: Made) -> None:
    assert build_capsule(made.checkpoint, made.weights) == made.content
    other = random_weights(made.checkpoint, seed=99)
    assert build_capsule(made.checkpoint, other) != made.content


def test_same_bytes_in_another_process_without_mxnet(made_of_two: Made, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['mxnet'] = None\n"
        "from stillwatch.runtime.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    out = tmp_path / "again.onnx"
    command = [sys.executable, "-c", program, "export", made_of_two.folder, "-o", out]
    subprocess.run(command, check=True, capture_output=True)
    assert out.read_bytes() == made_of_two.content


def all_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Returns the nodes of a graph and of its branches."""
    inner = [attribute.g for node in graph.node for attribute in node.attribute if attribute.g.node]
    return [*graph.node, *(node for branch in inner for node in all_nodes(branch))]


def test_contract_of_the_file(made: Made) -> None:
    model = made.model
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
    nodes = all_nodes(model.graph)
    assert {node.domain for node in nodes} <= {"", "ai.onnx"}
    assert not model.functions
    assert [node.op_type for node in nodes].count("LSTM") == 1
    names = [node.name for node in nodes]
    assert all(names)
    assert len(set(names)) == len(names)


def test_inputs_and_outputs(made: Made) -> None:
    graph = made.model.graph
    weights = {one.name for one in graph.initializer if not one.name.startswith("int64_")}
    inputs = [one.name for one in graph.input]
    assert inputs == ["values", "mean", "scale", "threshold", "h", "c"]
    assert weights - set(inputs) == {"lstm_W", "lstm_R", "lstm_B", "dense_weight", "dense_bias"}
    assert [one.name for one in made.session.get_inputs()] == ["values"]
    assert tuple(one.name for one in graph.output) == OUTPUTS
    shapes = {one.name: one.shape for one in made.session.get_inputs()}
    assert shapes == {"values": ["batch", "time", 1]}


def count_of(model: onnx.ModelProto) -> int:
    counted = [one for one in model.graph.initializer if one.name.startswith(("lstm_", "dense_"))]
    return sum(onnx.numpy_helper.to_array(one).size for one in counted)


def test_parameters_in_the_file(made: Made) -> None:
    metadata = {one.key: one.value for one in made.model.metadata_props}
    claimed = json.loads(metadata[METADATA_KEY])["parameters"]
    assert count_of(made.model) == claimed == sum(w.size for w in made.weights.values())
    if made.checkpoint.config.units == 1:
        assert claimed == 18


def test_window_is_the_configurations(tmp_path: Path) -> None:
    checkpoint: Checkpoint = make_checkpoint(2, window=10)
    weights = random_weights(checkpoint)
    path = tmp_path / "ten.onnx"
    path.write_bytes(build_capsule(checkpoint, weights))
    values = series(1, 37)[0]
    expected = reconstruction(checkpoint, weights, scaled(values)[:, None])
    detector = Detector.load(path)
    found = detector.score(values)
    np.testing.assert_allclose(scaled(found.reconstruction), expected[:, 0], rtol=0, atol=TOLERANCE)
    assert detector.info.window == detector.info.stride == 10
    stream = detector.stream()
    one_by_one = np.concatenate([stream.extend(values[i : i + 1]).score for i in range(37)])
    np.testing.assert_allclose(one_by_one, found.score, rtol=1e-5, atol=TOLERANCE)


def test_plain_inputs_score_the_same(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "plain.onnx"
    path.write_bytes(build_capsule(made.checkpoint, made.weights, plain_inputs=True))
    inputs = [one.name for one in onnxruntime.InferenceSession(path).get_inputs()]
    assert inputs == ["values", "mean", "scale", "threshold", "h", "c"]
    values = series(1, 130)[0]
    plain, usual = Detector.load(path).score(values), Detector.load(made.path).score(values)
    np.testing.assert_array_equal(plain.score, usual.score)
    np.testing.assert_array_equal(plain.alarm, usual.alarm)
