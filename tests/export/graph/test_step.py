"""The one-unit step branch: as the operator LSTM, to the last bit, however it is fed."""

from collections.abc import Callable

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
    make_checkpoint,
    random_weights,
    series,
)

from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime.arrays import AnyArray

WINDOW = 48
BATCHES = (1, 2, 5, 16, 33, 1000)
# Weights near zero, of a trained network's size, and large enough to saturate every gate.
SIZES = (0.05, 1.0, 6.0)
REFERENCE = 1e-5  # the reference evaluator's own sums and exponentials, single precision
Run = Callable[..., dict[str, AnyArray]]


def capsule(seed: int, units: int = 1, *, plain_inputs: bool = False) -> bytes:
    checkpoint = make_checkpoint(units, WINDOW)
    size = SIZES[seed % len(SIZES)]
    weights = {n: w * np.float32(size) for n, w in random_weights(checkpoint, seed).items()}
    return build_capsule(checkpoint, weights, plain_inputs=plain_inputs)


def runner(content: bytes) -> Run:
    session = onnxruntime.InferenceSession(content)

    def run(**feeds: AnyArray) -> dict[str, AnyArray]:
        feeds = {name: np.asarray(array, np.float32) for name, array in feeds.items()}
        return dict(zip(OUTPUTS, session.run(list(OUTPUTS), feeds), strict=True))

    return run


def without_step(content: bytes) -> bytes:
    """The capsule with the series branch for a single step too."""
    model = onnx.load_from_string(content)
    choice = next(node for node in model.graph.node if node.op_type == "If")
    choice.input[0] = "never"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(False), "never"))
    return model.SerializeToString()


def assert_bits(found: dict[str, AnyArray], expected: dict[str, AnyArray]) -> None:
    for name in OUTPUTS:
        assert found[name].shape == expected[name].shape
        np.testing.assert_array_equal(found[name], expected[name], name)


def drawn(seed: int, batch: int, state: int, moments: int) -> dict[str, AnyArray]:
    """One step of every kind of input: values, a state of batch `state`, moments of `moments`."""
    generator = np.random.default_rng([seed, batch])
    return {
        "values": MEAN + SCALE * generator.normal(0, 2, (batch, 1, 1)),
        "h": generator.uniform(-1, 1, (1, state, 1)),
        "c": generator.normal(0, 1.5, (1, state, 1)),
        "mean": generator.normal(MEAN, 2, (moments, 1, 1)),
        "scale": generator.uniform(2, 5, (moments, 1, 1)),
        "threshold": np.array(THRESHOLD),
    }


@pytest.mark.parametrize("seed", range(24))
def test_step_equals_the_series_branch(seed: int) -> None:
    content = capsule(seed)
    step, whole = runner(content), runner(without_step(content))
    for batch in BATCHES:
        for state, moments in {(1, 1), (1, batch), (batch, 1), (batch, batch)}:
            fed = drawn(seed, batch, state, moments)
            assert_bits(step(**fed), whole(**fed))


@pytest.mark.parametrize("batch", [1, 5, 33])
@pytest.mark.parametrize("seed", range(6))
def test_steps_one_after_the_other_equal_one_call(seed: int, batch: int) -> None:
    run = runner(capsule(seed))
    values = series(batch, WINDOW)[..., None]
    expected = run(values=values)
    state: dict[str, AnyArray] = {}
    for i in range(WINDOW):
        found = run(values=values[:, i : i + 1], **state)
        for name in OUTPUTS[:5]:
            np.testing.assert_array_equal(found[name], expected[name][:, i : i + 1], name)
        state = {"h": found["h_out"], "c": found["c_out"]}
    for name in ("h_out", "c_out"):
        np.testing.assert_array_equal(state[name[0]], expected[name], name)


@pytest.mark.parametrize("seed", range(3))
def test_plain_inputs_step_as_defaults_do(seed: int) -> None:
    usual, plain = runner(capsule(seed)), runner(capsule(seed, plain_inputs=True))
    for batch in BATCHES:
        fed = drawn(seed, batch, batch, 1)
        assert_bits(plain(**fed), usual(**fed))
        defaults = {"mean": [[[MEAN]]], "scale": [[[SCALE]]], "threshold": THRESHOLD}
        zero = {"h": np.zeros((1, 1, 1)), "c": np.zeros((1, 1, 1))}
        given = {name: np.array(figure) for name, figure in (defaults | zero).items()}
        assert_bits(plain(values=fed["values"], **given), usual(values=fed["values"]))


@pytest.mark.parametrize("state", [1, 5])
@pytest.mark.parametrize("moments", [1, 5])
@pytest.mark.parametrize("seed", range(3))
def test_reference_evaluator_agrees(seed: int, moments: int, state: int) -> None:
    content = capsule(seed)
    fed = {n: np.asarray(a, np.float32) for n, a in drawn(seed, 5, state, moments).items()}
    found = ReferenceEvaluator(onnx.load_from_string(content)).run(list(OUTPUTS), fed)
    expected = runner(content)(**fed)
    for name, array in zip(OUTPUTS, found, strict=True):
        assert array.shape == expected[name].shape
        np.testing.assert_allclose(
            np.asarray(array, float),
            expected[name].astype(float),
            rtol=REFERENCE,
            atol=REFERENCE * SCALE,
            err_msg=name,
        )


def test_step_depends_on_all_it_is_fed() -> None:
    # Else the equalities above would hold for branches that ignore their inputs.
    run, fed = runner(capsule(1)), drawn(1, 5, 5, 5)
    before = run(**fed)
    for name in ("values", "h", "c", "mean", "scale"):
        after = run(**(fed | {name: fed[name] + 0.25}))
        for output in ("score", "h_out", "c_out"):
            if (name, output) != ("c", "h_out"):  # c moves h through tanh, which may saturate
                assert (after[output] != before[output]).all(), (name, output)


@pytest.mark.parametrize("units", [2, 3, 8])
def test_more_units_have_no_branch(units: int) -> None:
    model = onnx.load_from_string(capsule(0, units))
    assert "If" not in {node.op_type for node in model.graph.node}
    assert [node.op_type for node in model.graph.node].count("LSTM") == 1


def test_both_branches_share_one_copy_of_the_weights() -> None:
    model = onnx.load_from_string(capsule(0))
    choice = next(node for node in model.graph.node if node.op_type == "If")
    branches = [attribute.g for attribute in choice.attribute]
    assert [[n.op_type for n in b.node].count("LSTM") for b in branches] in ([0, 1], [1, 0])
    assert not any(branch.initializer for branch in branches)
    names = {tensor.name for tensor in model.graph.initializer}
    assert {"lstm_W", "lstm_R", "lstm_B", "dense_weight", "dense_bias"} <= names
