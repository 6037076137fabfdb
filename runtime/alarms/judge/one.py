"""The judge of one channel: surprise of five residuals, fused, above a bar."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.bar import Bar, BarState, bar_step, fused, start_bar
from stillwatch.runtime.alarms.judge.many import Weighed
from stillwatch.runtime.alarms.judge.residuals import (
    RESIDUALS,
    Filters,
    FiltersState,
    residuals_step,
    start_filters,
)
from stillwatch.runtime.alarms.judge.tail import TailRule, TailState, start_tail, tail_step
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.scaling import history_moments

__all__ = ["One", "OneState", "one_centre", "one_step", "start_one"]

_LEAST = (0.01, 0.01, 0.01, 0.05, 0.05)  # of the mean excess, a residual


class OneState(NamedTuple):
    """The filters, the tails of the residuals, (5, B) each, and the bar."""

    filters: FiltersState
    tails: TailState
    bar: BarState


@dataclass(frozen=True, kw_only=True)
class One:
    """The constants of the judge of one channel; tails: one for each residual."""

    filters: Filters
    tails: tuple[TailRule, ...]
    bar: Bar

    @cached_property
    def together(self) -> TailRule:
        """The rule of all five tails, as one step takes them."""
        return replace(self.tails[0], least=np.array([[tail.least] for tail in self.tails]))

    @classmethod
    def of_period(cls, period: float, rows: float) -> "One":
        """Returns the constants for so many seconds a row and slow means of so many rows."""
        return cls(
            filters=Filters.of_period(period, rows),
            tails=tuple(TailRule(least=least) for least in _LEAST),
            bar=Bar(rows=rows),
        )


def one_step(
    state: OneState, z: Float64, context: Float64 | None, rule: One
) -> tuple[Weighed, OneState]:
    """Returns what a scaled value z (B,) weighs, and the state after it.

        surprise = sqrt(sum of s^2) over the five residuals     level: the surprise above the bar

    context: what the value was expected to be, scaled (B,); None for the slow mean.
    """
    residuals, filters = residuals_step(state.filters, z, context, rule.filters)
    surprises, tails = tail_step(state.tails, residuals, rule.together)
    surprise = fused(surprises)
    level, bar = bar_step(state.bar, surprise, rule.bar)
    mean = state.filters.slow[None]
    weighed = Weighed(level, surprise, (surprise * surprise)[None], mean, np.ones_like(mean))
    return weighed, OneState(filters, tails, bar)


def one_centre(values: Float64) -> tuple[Float64, Float64]:
    """Returns the constants (B,) that values (T, B) are scaled by: median, and deviation or 1."""
    moments = history_moments(values.T[..., None])  # TN -> NTC
    return np.median(values, axis=0), moments.scale[:, 0]


def start_one(z: Float64, rule: One, context: Float64 | None = None) -> OneState:
    """Returns the state that the first scaled values z (P, B) leave.

    The filters see them as they come; the tails begin with the exact quantile
    of their residuals. context: (P, B), or None for the slow mean.
    """
    filters = start_filters(z, rule.filters)
    residuals = np.empty((len(z), len(RESIDUALS), z.shape[1]))
    for row, values in enumerate(z):
        expected = None if context is None else context[row]
        residuals[row], filters = residuals_step(filters, values, expected, rule.filters)
    return OneState(filters, start_tail(residuals, rule.together), start_bar(z.shape[1]))
