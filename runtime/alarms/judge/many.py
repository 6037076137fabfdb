"""The judge of many channels: deviations from what is usual, summed, and repeats beside them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.frozen import (
    Repeats,
    RepeatsState,
    repeats_step,
    start_repeats,
)
from stillwatch.runtime.alarms.judge.moments import (
    ChannelMoments,
    MomentRates,
    log_statistic,
    moments_step,
    start_moments,
)
from stillwatch.runtime.alarms.judge.tail import TailRule, TailState, start_tail, tail_step
from stillwatch.runtime.arrays import Float64

__all__ = ["Many", "ManyState", "Weighed", "many_centre", "many_step", "start_many"]


class ManyState(NamedTuple):
    """Moments and repeats of each channel, and the tail of their statistic."""

    moments: ChannelMoments
    repeats: RepeatsState
    tail: TailState


class Weighed(NamedTuple):
    """What a row weighs: level, what the account goes by, and surprise in nats, (B,).

    parts: (C, B), what each channel added to the statistic. mean, scale: (C, B),
    what was usual before it.
    """

    level: Float64
    surprise: Float64
    parts: Float64
    mean: Float64
    scale: Float64


@dataclass(frozen=True, kw_only=True)
class Many:
    """The constants of the judge of many channels."""

    moments: MomentRates
    repeats: Repeats
    tail: TailRule

    @classmethod
    def of_period(cls, period: float) -> "Many":
        """Returns the constants for so many seconds a row."""
        return cls(
            moments=MomentRates.of_period(period),
            repeats=Repeats.of_period(period),
            tail=TailRule(),
        )


def many_step(state: ManyState, x: Float64, rule: Many) -> tuple[Weighed, ManyState]:
    """Returns what a row x (C, B), scaled, weighs, and the state after it.

        part = z^2 + r^2     level = ln(sum of parts + 0.001)     surprise: of the level's tail

    z of `moments_step`, r of `repeats_step`.
    """
    z, moments = moments_step(state.moments, x, rule.moments)
    r, repeats = repeats_step(state.repeats, x, rule.repeats)
    parts = z * z + r * r
    level = log_statistic(parts)
    surprise, tail = tail_step(state.tail, level, rule.tail)
    variance = state.moments.variance
    weighed = Weighed(level, surprise, parts, state.moments.mean, np.sqrt(variance))
    return weighed, ManyState(moments, repeats, tail)


def many_centre(rows: Float64) -> tuple[Float64, Float64]:
    """Returns the constants (C,) that rows (T, C) are scaled by: mean, and deviation or 1."""
    deviation = rows.std(axis=0)
    return rows.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def start_many(x: Float64, drop: int, rule: Many) -> tuple[ManyState, Float64]:
    """Returns the state (..., 1) that rows x (T, C), scaled, leave, and the levels they had.

    The rows are replayed as a stream; the levels (T - drop,) are without the
    first, of moments that had not settled.
    """
    moments, repeats = start_moments(x), start_repeats(x)
    repeats = repeats._replace(last=x[0][:, None].copy())
    levels = np.empty(len(x))
    for row, values in enumerate(x):
        column = values[:, None]
        z, moments = moments_step(moments, column, rule.moments)
        r, repeats = repeats_step(repeats, column, rule.repeats)
        levels[row] = log_statistic(z * z + r * r)[0]
    settled = levels[drop:]
    return ManyState(moments, repeats, start_tail(settled[:, None], rule.tail)), settled
