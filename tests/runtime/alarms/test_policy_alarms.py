"""Alarms under each threshold policy: by brute force, and of streams as of files."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import assert_equal, joined, sizes, spans
from support.detectors import WINDOW, changed, nab_rds, windowed
from support.repeat_vectors import normal_rows
from support.series import cpu_like

from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.policies.rolling import rolling_thresholds
from stillwatch.runtime.alarms.policies.rule import Rolling
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule.figures import NormalScores, Tail

# How normal data scored, made up for a capsule whose checkpoint is older than these figures.
TAIL = Tail(rows=4000, level=2.0, run=48, peaks=40, shape=0.25, scale=0.5)
NORMAL = NormalScores(mean=0.5, deviation=0.25, sigmas=2.75, tail=TAIL)
CAUSAL = changed(nab_rds("trained"), normal_scores=NORMAL)
WINDOWED = windowed("joint", 3)


def rows_for(detector: Detector) -> Float64:
    """Rows with an excursion, so that there are alarms beside calm under each policy."""
    rows = cpu_like(3, 300)[:, None].copy() if detector is CAUSAL else normal_rows(211, 3)
    rows[150:175] += 30
    return rows


@settings(max_examples=60)
@given(
    cuts=sizes(11, most=40),
    length=st.integers(2, 30),
    quantile=st.floats(0.001, 1),
    seed=st.integers(0, 9),
)
def test_rolling_thresholds_by_brute_force(
    cuts: list[int], length: int, quantile: float, seed: int
) -> None:
    scores = np.random.default_rng(seed).exponential(1, (2, 70)).astype(np.float32)
    expected = np.full_like(scores, 9.0)
    for n in range(2):
        for i in range(length, 70):
            ordered = sorted(scores[n, i - length : i])
            # The smallest score that at least this share of them does not exceed.
            reached = [k for k in range(length) if (k + 1) / length >= quantile - 1e-12]
            expected[n, i] = ordered[reached[0]]
    rolling = Rolling(quantile, length)
    parts = []
    for span in spans(70, cuts):
        past = scores[:, max(0, span.start - length) : span.start]
        parts.append(rolling_thresholds(scores[:, span], past, rolling, 9.0))
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected)


def test_rolling_thresholds_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).exponential(1, (3, 500)).astype(np.float32)
    nothing = np.empty((3, 0), np.float32)
    whole = rolling_thresholds(scores, nothing, Rolling(0.9, 40), 1.0)
    monkeypatch.setattr("stillwatch.runtime.alarms.policies.rolling._BLOCK", 1000)
    in_blocks = rolling_thresholds(scores, nothing, Rolling(0.9, 40), 1.0)
    np.testing.assert_array_equal(in_blocks, whole)
    assert len(np.unique(whole)) > 10


def test_a_score_at_the_rolling_threshold_is_no_alarm() -> None:
    window = CAUSAL.info.window  # after each the state is zero again, so the scores repeat
    result = CAUSAL.score(np.full(5 * window, 60.0), threshold=f"rolling(1,{window})")
    np.testing.assert_array_equal(result.score[window:], result.score[:-window])
    assert not result.alarm[window:].any()


POLICIES = [
    None,
    9.0,
    "trained",
    "sigmas(1)",
    "quantile(0.99)",
    "tail(1/hour,60s)",
    "rolling(0.9,50)",
]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("detector", [CAUSAL, WINDOWED], ids=["causal", "windowed"])
@settings(max_examples=8)
@given(cuts=sizes(20, 48, most=200))
def test_streams_alarm_as_files_do(detector: Detector, policy: Any, cuts: list[int]) -> None:
    rows = rows_for(detector)
    whole = detector.score(rows, threshold=policy)
    assert whole.alarm.any()
    assert not whole.alarm.all()
    stream = detector.stream(threshold=policy)
    parts = [stream.extend(rows[span]) for span in spans(len(rows), cuts)]
    assert_equal(joined([*parts, stream.finish()]), whole)


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_alarms_are_scores_above_the_policy(policy: Any) -> None:
    rule = alarm_rule(policy, WINDOWED.info)
    rows = rows_for(WINDOWED)[: 10 * WINDOW]
    found = WINDOWED.score(rows, threshold=policy)
    above = found.score > np.float32(rule.value)
    if rule.rolling is not None:
        limits = rolling_thresholds(
            found.score[None], np.empty((1, 0), np.float32), rule.rolling, rule.value
        )
        above = found.score > limits[0]
    count = WINDOWED.info.threshold.count if rule.count is None else 0
    assert WINDOWED.info.threshold.count > 0
    enough = above.reshape(-1, WINDOW).sum(axis=1) > count
    np.testing.assert_array_equal(found.alarm, above & enough.repeat(WINDOW))
