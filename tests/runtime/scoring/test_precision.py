"""Any level and any spread score alike, and what cannot be told apart is never passed over."""

import tracemalloc

import numpy as np
import pytest

from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.scoring.scaling import Moments, rolling_moments
from stillwatch.runtime.scoring.stepper import Stepper

# Means of up to 1,024 scales are left to the graph; there float32 is off by so much of a scale.
TOLERANCE = 2e-4


def shape(length: int = 320) -> Float64:
    """Returns a series of level 0 and spread 1 with one spike."""
    values: Float64 = np.random.default_rng(0).normal(0, 1, length)
    values[length - 10] = 12
    return values


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("level", [1e-12, -1e-6, 1.0, 1.7e9, -1e12])
@pytest.mark.parametrize("model", ["nab-rds", "nab-rds-online"])
def test_level_and_spread_do_not_matter(model: str, level: float, spread: float) -> None:
    detector = Detector.load(model)
    scale = abs(level) * spread

    def scored(level: float, scale: float) -> tuple[Float64, Float64]:
        moments = {"mean": [level], "scale": [scale]} if model == "nab-rds" else {}
        values = level + scale * shape()
        result = detector.score(values, **moments)
        stream = detector.stream(**moments)
        steps = [stream.update(float(value)) for value in values]
        one = [np.nan if step is None else step.score for step in steps]
        np.testing.assert_array_equal(np.float32(one), result.score)
        parts = [detector.stream(**moments).extend(values)]
        np.testing.assert_array_equal(parts[0].reconstruction, result.reconstruction)
        restored = (result.reconstruction.astype(np.float64) - level) / scale
        return result.score, restored

    expected, _ = scored(0.0, 1.0)
    found, _ = scored(level, scale)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_a_spike_beside_a_time_stamp_is_seen() -> None:
    values = 1.7e9 + shape()
    spike = len(values) - 10
    result = Detector.load("nab-rds").score(values, mean=[1.7e9], scale=[1.0])
    assert result.score[spike] > 39
    assert result.score.argmax() == spike
    assert np.abs(result.reconstruction - 1.7e9).max() < 1.7e9 * 2e-7  # as float32 has it


@pytest.mark.parametrize("largest", [LARGEST, -LARGEST])
@pytest.mark.parametrize("model", ["nab-rds", "nab-rds-online", "smd-micro", "smd-segments"])
def test_a_channel_stuck_at_the_largest_number_is_an_alarm(model: str, largest: float) -> None:
    detector = Detector.load(model)
    channels = len(detector.info.channels)
    values = np.repeat(shape(700)[:, None], channels, axis=1)
    values[500:] = largest
    moments = {"mean": np.zeros(channels), "scale": np.ones(channels)}
    result = detector.score(values, **moments, threshold=1e9)
    assert np.isfinite(result.score).all()
    if detector.info.calibrated:  # one that is not never alarms
        assert result.alarm[500:].all()
    assert not result.alarm[:400].any()
    if detector.info.state:
        stream = detector.stream(**moments, threshold=1e9)
        steps = [stream.update(row) for row in values]
        assert [step and step.alarm for step in steps[500:]] == [True] * 200
        again = detector.stream(stream.snapshot()).update(values[0])  # the state is sound
        assert again is not None
        assert np.isfinite(again.score)


@pytest.mark.parametrize("level", [1e15, -LARGEST])
def test_a_constant_channel_of_any_level_is_calm(level: float) -> None:
    values = np.full(600, level)
    assert Detector.load("nab-rds-online").score(values).score[300:].max() < 1


def test_a_score_that_is_no_number_is_an_alarm() -> None:
    detector = Detector.load("nab-rds")
    moments = Moments(np.zeros((1, 1)), np.ones((1, 1)))
    stepper = Stepper(detector.model, 1, alarm_rule(None, detector.info), moments)
    stepper.step(0.5, None)
    assert not stepper.alarm.any()
    stepper.step(np.full((1, 1, 1), np.nan), None)
    assert np.isnan(stepper.score).all()
    assert stepper.alarm.all()


def test_a_long_rolling_history_takes_little_memory() -> None:
    values = np.random.default_rng(0).normal(size=(101_000, 1))
    tracemalloc.start()
    moments = rolling_moments(values, 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 2**20
    np.testing.assert_allclose(moments.mean[-1], values[-100_001:-1].mean(axis=0))
