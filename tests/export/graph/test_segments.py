"""Networks that read and write a window by segments: what the battery of families does not ask."""

import dataclasses

import numpy as np
import onnx
import pytest
from support.repeat_vectors import (
    RECONSTRUCTION_TOLERANCE,
    answers,
    detector_of,
    make_capsule,
    make_checkpoint,
    normal_rows,
    random_weights,
)

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.families.repeat_vector import network_of, reconstruct
from stillwatch.export.graph import packing
from stillwatch.export.graph.packing import PACKED
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.runtime.errors import ConfigError
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.families.repeat_vector.config import REACH, RepeatVectorConfig

MACHINE = 38  # channels
SIZES = [(5, 8), (10, 16), (20, 16), (50, 32)]
SHRUNK = 1e-5  # of a reconstruction's size: single precision over a window of few steps


def windows(config: RepeatVectorConfig, count: int, channels: int) -> AnyArray:
    shape = (count, config.window, channels)
    return np.random.default_rng(7).normal(0, 2.5, shape).astype(np.float32)


@pytest.mark.parametrize("segment", [0, 3, 7, 200])
def test_a_window_is_a_whole_number_of_segments(segment: int) -> None:
    with pytest.raises(ConfigError, match="segment"):
        RepeatVectorConfig(segment=segment)


@pytest.mark.parametrize(("segment", "units"), SIZES)
@pytest.mark.parametrize("scale_free", [False, True])
def test_a_window_scores_the_same_to_the_bit_alone_and_in_any_batch(
    segment: int, units: int, scale_free: bool
) -> None:
    config = RepeatVectorConfig(units=units, segment=segment, scale_free=scale_free)
    for channels in (1, MACHINE):
        content = make_capsule(config, channels)
        batch = windows(config, 13, channels)
        whole = answers(content, batch)
        for count in (1, 2, 5, 12):
            for name, found, among in zip(
                OUTPUTS, answers(content, batch[:count]), whole, strict=True
            ):
                np.testing.assert_array_equal(found, among[:count], err_msg=name)


@pytest.mark.parametrize("channels", ["independent", "joint"])
def test_a_window_that_is_not_full_is_answered_as_its_definition_has_it(channels: str) -> None:
    """Its rows, and zeros behind them up to a whole segment: no more segments than that."""
    config = RepeatVectorConfig(units=5, window=20, segment=5, channels=channels)
    checkpoint, weights = make_checkpoint(config, 3), random_weights(config, 3)
    content = build_uncalibrated(checkpoint, weights)
    network = network_of(config, weights)
    values = windows(config, 1, 3)[0].astype(np.float64)
    for rows in (1, 4, 5, 6, 19):
        found = answers(content, values[None, :rows])[2][0]
        padded = np.concatenate([values[:rows], np.zeros((-rows % 5, 3))])
        expected = reconstruct(config, network, padded)[:rows]
        np.testing.assert_allclose(found, expected, atol=RECONSTRUCTION_TOLERANCE)
        np.testing.assert_array_equal(expected, reconstruct(config, network, values[:rows]))


def test_a_window_beyond_reach_is_reconstructed_as_a_smaller_one_is() -> None:
    config = RepeatVectorConfig(units=16, segment=10, scale_free=True)
    content = make_capsule(config, 2)
    values = windows(config, 1, 2)
    values *= REACH / np.abs(values).max(axis=1, keepdims=True)  # as far as it goes by itself
    far = values * np.float32([[[1.0, 64.0]]])
    near, much = answers(content, values)[2], answers(content, far)[2]
    np.testing.assert_array_equal(near[..., 0], much[..., 0])  # a channel's size is its own
    np.testing.assert_allclose(near[..., 1] * 64, much[..., 1], rtol=SHRUNK, atol=64 * SHRUNK)
    plain = make_capsule(dataclasses.replace(config, scale_free=False), 2)
    assert np.abs(answers(plain, far)[2]).max() < np.abs(much).max() / 8  # saturated


def test_int8_verifies_within_its_own_tolerance_and_neighbours_leave_a_window_alone() -> None:
    config = RepeatVectorConfig(units=64, window=20, segment=5)
    names = [f"sensor_{i}" for i in range(MACHINE)]
    plain = calibrate(
        make_capsule(config, 3),
        "made up",
        normal_rows(600, MACHINE),
        CalibrationOptions(channels=names),
    ).content
    small = detector_of(quantize(plain, "made up"))
    assert replay(small).passed
    assert 1e-4 < small.info.tolerance < 0.2
    values = normal_rows(120, MACHINE, seed=1)
    spiked = values.copy()
    spiked[45] += 500
    changed = small.score(values).score != small.score(spiked).score
    assert changed.reshape(-1, 20).any(axis=1).tolist() == [False, False, True, False, False, False]


def test_the_published_form_says_nothing_of_segments() -> None:
    """So that its capsules keep their bytes; the form with segments is said, and read again."""
    plain, cut = (
        detector_of(make_capsule(RepeatVectorConfig(units=3, segment=n), 2)).info for n in (1, 10)
    )
    assert "segment" not in plain.training.options
    assert "scale_free" not in plain.training.options
    assert cut.training.options["segment"] == 10
    assert cut.parameters > plain.parameters


@pytest.mark.parametrize(("segment", "units"), sorted((s, u) for u, s in PACKED))
def test_packed_sequences_answer_to_the_bit_as_one_by_one(
    segment: int, units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for layers, scale_free in ((1, False), (2, True)):
        config = RepeatVectorConfig(
            units=units, segment=segment, layers=layers, scale_free=scale_free
        )
        packed = make_capsule(config, MACHINE)
        with monkeypatch.context() as plainly:
            plainly.setattr(packing, "PACKED", {})
            apart = make_capsule(config, MACHINE)
        assert hidden_sizes(packed) == {2 * units}
        assert hidden_sizes(apart) == {units}
        batch = windows(config, 5, MACHINE)
        for rows in (config.window, config.window - 7):
            for count in (1, 5):
                found, one_by_one = (
                    answers(content, batch[:count, :rows]) for content in (packed, apart)
                )
                for ours, theirs in zip(found, one_by_one, strict=True):
                    np.testing.assert_array_equal(ours, theirs)


def test_what_does_not_come_in_pairs_or_gains_nothing_is_not_packed() -> None:
    small = RepeatVectorConfig(units=8, segment=10)
    assert hidden_sizes(make_capsule(small, 37)) == {8}
    assert hidden_sizes(make_capsule(dataclasses.replace(small, channels="joint"), 38)) == {8}
    assert hidden_sizes(make_capsule(dataclasses.replace(small, units=32), 38)) == {32}
    assert hidden_sizes(make_capsule(RepeatVectorConfig(units=8), 38)) == {8}  # as published


def test_a_packed_capsule_is_calibrated_for_other_sensors_and_holds_each_weight_once() -> None:
    config = RepeatVectorConfig(units=8, window=20, segment=5)
    packed = make_capsule(config, MACHINE)
    assert weights_held(packed) == weights_held(make_capsule(config, MACHINE - 1))
    for channels in (3, 4):
        names = [f"sensor_{i}" for i in range(channels)]
        options = CalibrationOptions(channels=names)
        made = calibrate(packed, "made up", normal_rows(600, channels), options).content
        assert replay(detector_of(made)).passed
        assert hidden_sizes(made) == ({8} if channels == 3 else {16})


def weights_held(content: bytes) -> dict[str, list[int]]:
    tensors = onnx.load_from_string(content).graph.initializer
    return {t.name: list(t.dims) for t in tensors if t.name.startswith(("encoder", "decoder"))}


def hidden_sizes(content: bytes) -> set[int]:
    nodes = onnx.load_from_string(content).graph.node
    return {
        a.i for n in nodes if n.op_type == "LSTM" for a in n.attribute if a.name == "hidden_size"
    }
