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
    replayed, state = _levels(before, _start(before), rule)
    bases = np.array([_bases(levels, budgets, period) for levels in replayed]).T
    books = [
        _Books(base, Account(budget=budget, period=period), before[0].shape[1])
        for base, budget in zip(bases, budgets, strict=True)
    ]
    for x in _stacked(after, [0] * len(after)):
        parts, state = _step(state, x, rule)
        for book in books:
            book.take(log_statistic(parts), parts)
    return [
        {
            budget: np.array([alarm[number] for alarm in book.alarms[: len(rows)]])
            for budget, book in zip(budgets, books, strict=True)
        }
        for number, rows in enumerate(after)
    ]


class _Books:
    """The accounts of all machines at one budget, and the alarms (B,) that they paid for."""

    def __init__(self, base: Float64, account: Account, channels: int) -> None:
        """base: (B,)."""
        self._base, self._account = base, account
        self._state = start_account(account, channels, len(base))
        self.alarms: list[Bool] = []

    def take(self, level: Float64, parts: Float64) -> None:
        """Takes a row's levels (B,) and parts (C, B)."""
        paid, self._state = account_step(self._state, level, parts, self._base, self._account)
        self.alarms.append(paid.alarm)


def _bases(levels: Float64, budgets: Sequence[float], period: float) -> list[float]:
    drop = min(int(_SETTLES / period), len(levels) // 2)
    weeks = (len(levels) - drop) * period / WEEK
    seen = event_levels(levels[drop:], calm_rows(period))
    return [base_level(seen, weeks, budget) for budget in budgets]


def _start(rows: Sequence[Float64]) -> _State:
    moments = (start_moments(x) for x in rows)
    repeats = (start_repeats(x)._replace(last=x[0][:, None].copy()) for x in rows)
    return (
        ChannelMoments(*(np.concatenate(p, axis=-1) for p in zip(*moments, strict=True))),
        RepeatsState(*(np.concatenate(p, axis=-1) for p in zip(*repeats, strict=True))),
    )


def _stacked(rows: Sequence[Float64], first: Sequence[int]) -> Float64:
    """Returns (T, C, B): each machine's rows (T, C) from its first row on, zeros around them."""
    longest = max(map(len, rows))
    stacked = np.zeros((longest, rows[0].shape[1], len(rows)))  # TCN
    for number, x in enumerate(rows):
        stacked[first[number] : first[number] + len(x), :, number] = x
    return stacked


def _step(state: _State, x: Float64, rule: Many) -> tuple[Float64, _State]:
    """Returns the parts (C, B) of a row x (C, B), and the state after it."""
    z, moments = moments_step(state[0], x, rule.moments)
    r, repeats = repeats_step(state[1], x, rule.repeats)
    return z * z + r * r, (moments, repeats)


def _levels(rows: Sequence[Float64], state: _State, rule: Many) -> tuple[list[Float64], _State]:
    """Returns the levels (T,) of each machine's rows (T, C), and the state after them.

    Shorter ones begin later, so that all end together.
    """
    longest = max(map(len, rows))
    first = [longest - len(x) for x in rows]
    levels = np.empty((longest, len(rows)))
    waits = np.array(first)
    for row, x in enumerate(_stacked(rows, first)):
        parts, stepped = _step(state, x, rule)
        levels[row] = log_statistic(parts)
        if row < waits.max():
            waiting = row < waits
            stepped = (
                kept_where(waiting, state[0], stepped[0]),
                kept_where(waiting, state[1], stepped[1]),
            )
        state = stepped
    return [levels[a:, n] for n, a in enumerate(first)], state
