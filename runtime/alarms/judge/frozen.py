"""A channel that repeats itself: how unlike its past that is. Arrays are (C, B).

A frozen sensor is silence: it stays close to its mean, and no level says so.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["Repeats", "RepeatsState", "longest_repeats", "repeats_step", "start_repeats"]


class RepeatsState(NamedTuple):
    """last: x. run: rows since it changed. longest: run that is usual, as learnt."""

    last: Float64
    run: Float64
    longest: Float64


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """least: rows that may always repeat. learn: the share of a longer run that a row takes in.

    cut: the deviation that a run of twice the usual counts as.
    """

    least: float
    learn: float
    cut: float = 50.0

    @classmethod
    def of_period(cls, period: float) -> "Repeats":
        """Returns the rule for so many seconds a row: an hour, at least 12 rows; half of a day."""
        return cls(
            least=max(12.0, 3600 / period), learn=min(1.0, 0.6931471805599453 * period / 86400)
        )


def longest_repeats(rows: Float64) -> Float64:
    """Returns the longest run of repeats of each channel (C,) of the rows (T, C)."""
    longest = np.zeros(rows.shape[1])
    run = np.zeros(rows.shape[1])
    for same in rows[1:] == rows[:-1]:
        run = np.where(same, run + 1, 0.0)
        longest = np.maximum(longest, run)
    return longest


def start_repeats(rows: Float64) -> RepeatsState:
    """Returns the state (C, 1) that the rows (T, C) leave."""
    longest = longest_repeats(rows)[:, None]
    return RepeatsState(rows[-1][:, None].copy(), np.zeros_like(longest), longest)


def repeats_step(state: RepeatsState, x: Float64, rule: Repeats) -> tuple[Float64, RepeatsState]:
    """Returns the deviation (C, B) that repeats of x (C, B) count as, and the state after it.

        run = run + 1 where x is the last x, else 0
        r = cut clip(run / max(longest, least) - 1, 0, 1)
        longest += learn max(run - longest, 0)

    So a channel that stands still for hours as a habit may, and one that never
    did may not; and what stays frozen becomes usual within days.
    """
    run = np.where(x == state.last, state.run + 1, 0.0)
    ratio = run / np.maximum(state.longest, rule.least) - 1
    result = rule.cut * np.minimum(np.maximum(ratio, 0.0), 1.0)
    longest = state.longest + rule.learn * np.maximum(run - state.longest, 0.0)
    return result, RepeatsState(x, run, longest)
