"""Rows with what the judge must make of them, for the self-test of a capsule's C."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.policies.rule import Budget
from stillwatch.runtime.arrays import Bool, Float32, Float64

__all__ = ["JudgeVector", "judge_vector"]

_ROWS = 24
_BAD = 6  # a row of which the network has no score
_CALM, _FAR = 0.5, 40.0  # scales from the centre, of calm rows and of those that must alarm
_JUMP = slice(12, 16)


@dataclass(frozen=True)
class JudgeVector:
    """values: (T, C) float32, the sensor's units. bad, alarm: (T,). surprise: (T,) nats, or NaN."""

    values: Float32
    bad: Bool
    surprise: Float64
    alarm: Bool


def judge_vector(budget: Budget) -> JudgeVector:
    """Returns a vector by the runtime's judge: calm rows, one without a score, and a jump."""
    mean, scale = (np.array(part) for part in (budget.spec.centre, budget.spec.scale))
    channels = len(mean)
    scaled = _CALM * np.sin(np.arange(_ROWS)[:, None] + np.arange(channels))
    scaled[_JUMP] = _FAR
    values = (mean + scale * scaled).astype(np.float32)
    bad = np.arange(_ROWS) == _BAD
    score = np.where(bad, np.nan, 0.0)[None]
    judge = Judge(budget.spec, budget.events, 1, channels)
    judged = judge.advance(values[None].astype(np.float64), score, np.zeros((1, _ROWS), bool))
    return JudgeVector(values, bad, judged.surprise[0], judged.alarm[0])
