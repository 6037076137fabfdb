"""Whether a new level has been learnt since an event began. Arrays are (C, B) and (B,)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.account import Paid
from stillwatch.runtime.arrays import Bool, Float64

__all__ = ["Learning", "LearningState", "learning_step", "start_learning"]


class LearningState(NamedTuple):
    """mean, scale: (C, B), as they were when the event began. watching: (B,), 1 since then."""

    mean: Float64
    scale: Float64
    watching: Float64


@dataclass(frozen=True, kw_only=True)
class Learning:
    """far: scales that a mean must have moved. near: scales that a value may be off it."""

    far: float = 3.0
    near: float = 3.0


def start_learning(channels: int, streams: int) -> LearningState:
    """Returns a state in which nothing is watched."""
    blank = np.zeros((channels, streams))
    return LearningState(blank, blank.copy(), np.zeros(streams))


def learning_step(
    state: LearningState,
    paid: Paid,
    over: Bool,
    now: tuple[Float64, Float64, Float64],
    rule: Learning,
) -> tuple[Bool, LearningState]:
    """Returns whether the row (B,) is the one at which a new level counts as learnt, and the state.

    now: the row x, and mean and scale before it, (C, B). An event that begins
    keeps the mean m0 and scale s0. Once it is over, (B,), it is learnt when a channel has

        |m - m0| > far s0   and   |x - m| <= near s

    and nothing is to be learnt any more when all channels are back,
    |x - m0| <= near s0.
    """
    x, mean, scale = now
    learnt = np.zeros(len(state.watching), bool)
    if not (paid.begins.any() or state.watching.any()):  # most rows, of one stream
        return learnt, state
    begins = paid.begins & (state.watching == 0)
    watching = np.where(begins, 1.0, state.watching)
    kept_mean = np.where(begins, mean, state.mean)
    kept_scale = np.where(begins, scale, state.scale)
    over = (watching > 0) & over
    if over.any():
        moved = np.abs(mean - kept_mean) > rule.far * kept_scale
        learnt = over & (moved & (np.abs(x - mean) <= rule.near * scale)).any(axis=0)
        back = (np.abs(x - kept_mean) <= rule.near * kept_scale).all(axis=0)
        watching = np.where(learnt | (over & back), 0.0, watching)
    return learnt, LearningState(kept_mean, kept_scale, watching)
