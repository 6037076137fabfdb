"""The repeat-vector capsule against its contract: weights, inputs, nodes, silence uncalibrated."""

import numpy as np
import onnx
import pytest
from support.repeat_vectors import detector_of, make_capsule, make_checkpoint, random_weights

from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.families.network import weights_of_capsule
from stillwatch.export.families.repeat_vector import network_of
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.runtime.errors import CapsuleError, CheckpointError
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

CHANNELS = 3
FAMILY = [(layers, channels) for layers in (1, 2, 3) for channels in ("independent", "joint")]
INPUTS = ["values", "mean", "scale", "threshold", "count"]


@pytest.fixture(params=FAMILY, ids=lambda case: f"{case[0]}-{case[1]}")
def config(request: pytest.FixtureRequest) -> RepeatVectorConfig:
    layers, channels = request.param
    return RepeatVectorConfig(units=5, layers=layers, channels=channels, window=20)


def values_of(rows: int) -> AnyArray:
    return np.random.default_rng(rows).normal(0, 1.5, (rows, CHANNELS))


def test_weights_return_from_the_capsule_bit_for_bit(config: RepeatVectorConfig) -> None:
    given = network_of(config, random_weights(config, CHANNELS, seed=3))
    found = weights_of_capsule(make_capsule(config, CHANNELS, seed=3), config, "made up")
    np.testing.assert_array_equal(found.dense_weight, given.dense_weight)
    np.testing.assert_array_equal(found.dense_bias, given.dense_bias)
    for block in ("encoder", "decoder"):
        layers = getattr(found, block)
        assert len(layers) == config.layers
        for layer, expected in zip(layers, getattr(given, block), strict=True):
            for part in ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias"):
                np.testing.assert_array_equal(getattr(layer, part), getattr(expected, part))


def test_weights_of_fewer_layers_than_claimed() -> None:
    content = make_capsule(RepeatVectorConfig(units=5, window=20), CHANNELS)
    with pytest.raises(CapsuleError, match="no encoder1_W"):
        weights_of_capsule(content, RepeatVectorConfig(units=5, layers=2), "made up")


def test_contract_of_the_file(config: RepeatVectorConfig) -> None:
    model = onnx.load_from_string(make_capsule(config, CHANNELS))
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert not model.functions
    assert [node.op_type for node in model.graph.node].count("LSTM") == 2 * config.layers
    names = [node.name for node in model.graph.node]
    assert all(names)
    assert len(set(names)) == len(names)
    for port in (*model.graph.input[:1], *model.graph.output[2:]):
        sizes = [one.dim_param or one.dim_value for one in port.type.tensor_type.shape.dim]
        assert sizes == ["batch", "time", CHANNELS]
    assert [one.name for one in model.graph.input] == INPUTS
    outputs = [one.name for one in model.graph.output]
    assert outputs == list(OUTPUTS)


def test_values_are_all_that_must_be_fed(config: RepeatVectorConfig) -> None:
    ports = detector_of(make_capsule(config, CHANNELS)).session.get_inputs()
    assert [port.name for port in ports] == ["values"]


def test_parameters_in_the_file_are_those_claimed(config: RepeatVectorConfig) -> None:
    content = make_capsule(config, CHANNELS)
    counted = 0
    for tensor in onnx.load_from_string(content).graph.initializer:
        if tensor.name.startswith(("encoder", "decoder", "dense")):
            weight = onnx.numpy_helper.to_array(tensor)
            second_bias = weight.size // 2 if tensor.name.endswith("_B") else 0
            counted += weight.size - second_bias
    assert detector_of(content).info.parameters == counted


@pytest.mark.parametrize("size", [1.0, 1e6, 1e30])
def test_uncalibrated_capsule_never_alarms(size: float) -> None:
    detector = detector_of(make_capsule(RepeatVectorConfig(units=5, window=20), CHANNELS))
    found = detector.score(values_of(50) * size)
    assert not detector.info.calibrated
    assert (found.score > 0).all()
    assert not found.alarm.any()


def plain(config: RepeatVectorConfig) -> bytes:
    weights = random_weights(config, CHANNELS)
    return build_uncalibrated(make_checkpoint(config, CHANNELS), weights, plain_inputs=True)


def test_plain_inputs_fed_with_the_defaults_give_the_same(config: RepeatVectorConfig) -> None:
    session = detector_of(plain(config)).session
    assert [port.name for port in session.get_inputs()] == INPUTS
    feeds = {
        "values": values_of(40)[None].astype(np.float32),
        "mean": np.zeros((1, 1, CHANNELS), np.float32),
        "scale": np.ones((1, 1, CHANNELS), np.float32),
        "threshold": np.array(3, np.float32),
        "count": np.array(4, np.float32),
    }
    found = session.run(list(OUTPUTS), feeds)
    usual = detector_of(make_capsule(config, CHANNELS)).session.run(
        list(OUTPUTS),
        {name: feeds[name] for name in ("values", "threshold", "count")},
    )
    for one, other in zip(found, usual, strict=True):
        np.testing.assert_array_equal(one, other)


def test_plain_inputs_score_the_same_through_the_detector(config: RepeatVectorConfig) -> None:
    usual = detector_of(make_capsule(config, CHANNELS)).score(values_of(50))
    found = detector_of(plain(config)).score(values_of(50))
    for name in OUTPUTS:
        np.testing.assert_array_equal(getattr(found, name), getattr(usual, name))


BROKEN = {
    "missing": ("dense.bias", None),
    "surplus": ("dense.gamma", np.zeros(1, np.float32)),
    "a layer too many": ("encoder._unfused.2.i2h_bias", np.zeros(20, np.float32)),
    "other shape": ("encoder._unfused.0.i2h_weight", np.zeros((1, 20), np.float32)),
    "joint in independent": ("dense.weight", np.zeros((CHANNELS, 5), np.float32)),
    "NaN": ("decoder._unfused.1.i2h_bias", np.full(20, np.nan, np.float32)),
    "float64": ("dense.weight", np.zeros((1, 5), np.float64)),
}


@pytest.mark.parametrize("case", BROKEN)
def test_weights_that_do_not_fit(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, value = BROKEN[case]
    config = RepeatVectorConfig(units=5, layers=2, window=20)
    weights = random_weights(config, CHANNELS) | {name: value}
    if value is None:
        del weights[name]

    def no_node(*_arguments: object, **_options: object) -> None:
        pytest.fail("a node was made before the weights were checked")

    monkeypatch.setattr(onnx.helper, "make_node", no_node)
    with pytest.raises(CheckpointError, match="weights do not fit") as caught:
        build_uncalibrated(make_checkpoint(config, CHANNELS), weights)
    assert repr(name) in str(caught.value)
    assert ";" not in str(caught.value)  # the others fit, and are not blamed


@pytest.mark.parametrize("layer", ["encoder._unfused.1", "decoder._unfused.0"])
def test_second_bias_that_is_not_zero(layer: str) -> None:
    config = RepeatVectorConfig(units=5, layers=2, window=20)
    weights = random_weights(config, CHANNELS)
    weights[f"{layer}.h2h_bias"][7] = 1e-3
    with pytest.raises(CheckpointError, match="second bias"):
        build_uncalibrated(make_checkpoint(config, CHANNELS), weights)


def test_same_bytes_again(config: RepeatVectorConfig) -> None:
    content = make_capsule(config, CHANNELS)
    assert make_capsule(config, CHANNELS) == content
    assert make_capsule(config, CHANNELS, seed=9) != content
