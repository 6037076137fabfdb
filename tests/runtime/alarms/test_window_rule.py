"""The window rule inside the capsule: alarms where a window has more than `count` high scores."""

import numpy as np
import pytest
from support.calibrated import CONFIG, SCORE_TOLERANCE, WINDOW, by_numpy, calibrated
from support.repeat_vectors import detector_of, normal_rows

from stillwatch.runtime.arrays import Bool


def called(above: Bool, count: int) -> Bool:
    """The window rule over windows that follow one another, the last one cut short."""
    out = np.zeros_like(above)
    for start in range(0, len(above), WINDOW):
        part = above[start : start + WINDOW]
        out[start : start + WINDOW] = part & (part.sum() > count)
    return out


@pytest.mark.parametrize("count", [0, 6, 9])
@pytest.mark.parametrize("length", [WINDOW, 3 * WINDOW, 9 * WINDOW + 13])
def test_window_rule_in_the_graph(length: int, count: int) -> None:
    session = detector_of(calibrated(normal_rows(400, 3)).content).session
    batch = np.stack([normal_rows(length, 3, seed) for seed in (1, 2)]).astype(np.float32)
    (score,) = session.run(["score"], {"values": batch})
    threshold = np.quantile(score, 0.6)
    feeds = {"threshold": np.float32(threshold), "count": np.float32(count)}
    (alarm,) = session.run(
        ["alarm"], {"values": batch, **{k: np.array(v) for k, v in feeds.items()}}
    )
    above = score > np.float32(threshold)
    expected = np.stack([called(row, count) for row in above])
    np.testing.assert_array_equal(alarm, expected)
    if count and length > 5 * WINDOW:
        assert 0 < alarm.sum() < above.sum()  # some windows called, some points in quiet ones


def test_window_rule_through_the_detector() -> None:
    found = calibrated(normal_rows(400, 3), rate=0.05)
    detector = detector_of(found.content)
    rule = detector.info.threshold
    assert rule.count > 0
    values = np.concatenate([normal_rows(200, 3, 1), normal_rows(53, 3, 2) * 1.6])
    result = detector.score(values)
    rest = len(values) % WINDOW
    above = result.score > np.float32(rule.value)
    last = detector.score(values[-WINDOW:])  # answers for the rest as it stands in its own window
    expected = np.concatenate([called(above[:-rest], rule.count), last.alarm[-rest:]])
    np.testing.assert_array_equal(result.alarm, expected)
    np.testing.assert_array_equal(
        last.alarm, called(last.score > np.float32(rule.value), rule.count)
    )
    assert 0 < result.alarm.sum() < above.sum()


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_false_alarm_rate_is_kept_on_the_data_it_is_fitted_on(rate: float) -> None:
    normal = normal_rows(600, 4)
    detector = detector_of(calibrated(normal, rate=rate).content)
    rule = detector.info.threshold
    assert rule.rate == rate
    score = detector.score(normal).score
    starts = range(0, len(normal) - WINDOW + 1, 10)
    counts = np.array([(score[i : i + WINDOW] > rule.value).sum() for i in starts])
    assert (counts > rule.count).mean() <= rate < (counts > rule.count - 1).mean()


def test_alarms_are_those_of_numpy() -> None:
    normal = normal_rows(400, 3)
    values = np.concatenate([normal_rows(200, 3, 1), normal_rows(200, 3, 2) * 1.6])
    detector = detector_of(calibrated(normal, rate=0.05).content)
    rule = detector.info.threshold
    expected = by_numpy(CONFIG, normal, values)
    assert (np.abs(expected / rule.value - 1) > SCORE_TOLERANCE).all()  # none is a toss-up
    alarm = detector.score(values).alarm
    np.testing.assert_array_equal(alarm, called(expected > rule.value, rule.count))
    assert 0.05 < alarm.mean() < 0.95
