"""The judge over many machines at once: each is fitted and judged as the runtime does it alone."""

from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.alarms.judge.account import (
    WEEK,
    Account,
    account_step,
    calm_rows,
    start_account,
)
from stillwatch.runtime.alarms.judge.frozen import RepeatsState, repeats_step, start_repeats
from stillwatch.runtime.alarms.judge.levels import base_level, event_levels
from stillwatch.runtime.alarms.judge.many import Many, many_centre
from stillwatch.runtime.alarms.judge.moments import (
    DAY,
    ChannelMoments,
    log_statistic,
    moments_step,
    start_moments,
)
from stillwatch.runtime.alarms.judge.state import kept_where
from stillwatch.runtime.arrays import Bool, Float64

__all__ = ["judged_alarms"]

_SETTLES = 2 * DAY  # as in the runtime's fitting

_State = tuple[ChannelMoments, RepeatsState]


def judged_alarms(
    normal: Sequence[Float64], test: Sequence[Float64], budgets: Sequence[float], period: float
) -> list[dict[float, Bool]]:
    """Returns the alarms (T,) by budget of each machine, fitted on its normal rows (T, C)."""
    rule = Many.of_period(period)
    moved = [many_centre(rows) for rows in normal]
    before = [(rows - c) / s for rows, (c, s) in zip(normal, moved, strict=True)]
    after = [(rows - c) / s for rows, (c, s) in zip(test, moved, strict=True)]
    replayed, state = _levels(before, _start(before), rule, late=True)
    found, _ = _levels(after, state, rule, late=False)
    answers = []
    for levels, scores in zip(replayed, found, strict=True):
        drop = min(int(_SETTLES / period), len(levels) // 2)
        weeks = (len(levels) - drop) * period / WEEK
        seen = event_levels(levels[drop:], calm_rows(period))
        answers.append({b: _alarms(scores, base_level(seen, weeks, b), b, period) for b in budgets})
    return answers


def _start(rows: Sequence[Float64]) -> _State:
    moments = (start_moments(x) for x in rows)
    repeats = (start_repeats(x)._replace(last=x[0][:, None].copy()) for x in rows)
    return (
        ChannelMoments(*(np.concatenate(p, axis=-1) for p in zip(*moments, strict=True))),
        RepeatsState(*(np.concatenate(p, axis=-1) for p in zip(*repeats, strict=True))),
    )


def _levels(
    rows: Sequence[Float64], state: _State, rule: Many, *, late: bool
) -> tuple[list[Float64], _State]:
    """Returns the levels (T,) of each machine's rows (T, C), and the state after them.

    late: shorter ones begin later, so that all end together; else all begin together.
    """
    longest = max(map(len, rows))
    first = [longest - len(x) if late else 0 for x in rows]
    stacked = np.zeros((longest, rows[0].shape[1], len(rows)))  # TCN
    for number, x in enumerate(rows):
        stacked[first[number] : first[number] + len(x), :, number] = x
    levels = np.empty((longest, len(rows)))
    waits = np.array(first)
    moments, repeats = state
    for row, x in enumerate(stacked):
        z, stepped = moments_step(moments, x, rule.moments)
        r, counted = repeats_step(repeats, x, rule.repeats)
        levels[row] = log_statistic(z * z + r * r)
        if row < waits.max():
            waiting = row < waits
            stepped = kept_where(waiting, moments, stepped)
            counted = kept_where(waiting, repeats, counted)
        moments, repeats = stepped, counted
    parts = [levels[a : a + len(x), n] for n, (a, x) in enumerate(zip(first, rows, strict=True))]
    return parts, (moments, repeats)


def _alarms(levels: Float64, base: float, budget: float, period: float) -> Bool:
    account = Account(budget=budget, period=period)
    state = start_account(account, 1)
    alarm = np.zeros(len(levels), bool)
    for row in range(len(levels)):
        paid, state = account_step(state, levels[row : row + 1], base, account)
        alarm[row] = paid.alarm[0]
    return alarm
