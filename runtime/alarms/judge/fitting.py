"""Fits a judge to normal rows: they are replayed as a stream, and what it leaves is stored."""

import numpy as np

from stillwatch.runtime.alarms.judge.account import WEEK, calm_rows
from stillwatch.runtime.alarms.judge.levels import event_levels
from stillwatch.runtime.alarms.judge.many import Many, many_centre, start_many
from stillwatch.runtime.alarms.judge.moments import DAY
from stillwatch.runtime.alarms.judge.one import One, one_centre, one_step, start_one
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judge.state import flat
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError

__all__ = ["FEWEST_ROWS", "fit_judge", "slow_rows"]

FEWEST_ROWS = 20
_MOST_SLOW = 750  # rows of the slow means
_SETTLES = 2 * DAY  # seconds in which the moments of a replay settle


def slow_rows(rows: int) -> int:
    """Returns P for so many rows of one channel: 15 %, as NAB's probation, at most 750."""
    return max(FEWEST_ROWS // 2, min(_MOST_SLOW, int(0.15 * rows)))


def fit_judge(
    rows: Float64, period: float, *, slow: int | None = None, follows: bool = False
) -> JudgeSpec:
    """Returns the judge that normal rows (T, C) leave, so many seconds apart.

    slow: P, of one channel, in place of 15 % of them; with all of them, no
    level is left to be known and `levels` is empty. follows: the rows that it
    will judge are those right after these, so that yesterday is known. Raises
    InputError.
    """
    if rows.ndim != 2 or len(rows) < FEWEST_ROWS or not np.isfinite(rows).all():
        raise InputError(
            f"expected at least {FEWEST_ROWS} finite normal rows (T, C) for the judge, got "
            f"{rows.shape}"
        )
    if rows.shape[1] == 1:
        return _one(rows, period, slow or slow_rows(len(rows)), follows=follows)
    return _many(rows, period)


def _many(rows: Float64, period: float) -> JudgeSpec:
    centre, scale = many_centre(rows)
    drop = min(int(_SETTLES / period), len(rows) // 2)
    state, levels = start_many((rows - centre) / scale, drop, Many.of_period(period))
    return JudgeSpec(
        kind="many",
        period=period,
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        levels=event_levels(levels, calm_rows(period)),
        weeks=len(levels) * period / WEEK,
        state=flat(state),
    )


def _one(values: Float64, period: float, slow: int, *, follows: bool) -> JudgeSpec:
    centre, scale = one_centre(values)
    z = (values - centre) / scale
    rule = One.of_period(period, float(slow))
    state = start_one(z[:slow], rule)
    levels = np.empty(max(0, len(z) - slow))
    for row in range(len(levels)):
        weighed, state = one_step(state, z[slow + row], None, rule)
        levels[row] = weighed.level[0]
    if not follows:  # what comes later begins at some other time of the day
        state.filters.slots.fill(np.nan)
    return JudgeSpec(
        kind="one",
        period=period,
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        rows=slow,
        levels=event_levels(levels, calm_rows(period)) if len(levels) else (),
        weeks=len(levels) * period / WEEK,
        state=flat(state),
    )
