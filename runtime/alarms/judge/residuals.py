"""Five residuals of one channel: from its context, level, day, roughness and spread.

Arrays are (B,); the rings are (48, B) and (slots, B). Where all streams are at
the same row, the places in the rings are two whole numbers, else two a stream.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.state import ordered_mean
from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = [
    "RESIDUALS",
    "Filters",
    "FiltersState",
    "day_means",
    "residuals_step",
    "start_filters",
]

RESIDUALS = ("context", "level", "day", "roughness", "spread")
_DAY = 86400
_MOST_SLOTS = 288


@dataclass(frozen=True, kw_only=True)
class Filters:
    """rows: P, of the slow means. short: rows of the quick mean. day: rows of a day, 0 for none.

    slots: how many of them are remembered. rough, wide: rows of the means of
    roughness and spread. least: added to a deviation before its logarithm.
    cut: the largest scaled value that is looked at.
    """

    rows: float
    day: int
    slots: int
    short: int = 48
    rough: float = 12.0
    wide: float = 48.0
    least: float = 0.01
    cut: float = 1000.0

    @classmethod
    def of_period(cls, period: float, rows: float) -> "Filters":
        """Returns the filters for so many seconds a row; no day slots below three rows a day."""
        day = round(_DAY / period)
        if day < 3:
            day = 0
        return cls(rows=rows, day=day, slots=min(day, _MOST_SLOTS))

    @property
    def slow(self) -> float:
        """The share of a row that a slow mean takes in: 2 / (P + 1)."""
        return 2 / (self.rows + 1)


class FiltersState(NamedTuple):
    """slow: EMA_P of z. last: z. recent: the last 48; sum: theirs.

    slots: of a day and two more, so that yesterday's neighbours are there; NaN
    where there is none. rough, centre, wide: the quick means. roughness,
    spread: slow means of their logarithms. row: how many rows there were, (B,)
    where that is not the same for all.
    """

    slow: Float64
    last: Float64
    recent: Float64
    sum: Float64
    slots: Float64
    rough: Float64
    centre: Float64
    wide: Float64
    roughness: Float64
    spread: Float64
    row: int | AnyArray


def start_filters(z: Float64, filters: Filters) -> FiltersState:
    """Returns the state (B,) that rows like z (T, B), scaled, may begin with."""
    first, streams = z[0].copy(), z.shape[1]
    step, off = np.diff(z, axis=0), z - ordered_mean(z)
    rough = ordered_mean(step * step) if len(step) else np.zeros(streams)
    wide = ordered_mean(off * off)
    return FiltersState(
        slow=np.zeros(streams),
        last=first,
        recent=np.repeat(first[None], filters.short, axis=0),
        sum=first * filters.short,
        slots=np.full((filters.slots + 2 if filters.slots else 0, streams), np.nan),
        rough=rough,
        centre=np.zeros(streams),
        wide=wide,
        roughness=np.log(np.sqrt(rough) + filters.least),
        spread=np.log(np.sqrt(wide) + filters.least),
        row=0,
    )


def day_means(state: FiltersState, filters: Filters) -> tuple[Float64, Float64, Float64]:
    """Returns yesterday's slots -1, 0 and +1 for the row to come, (B,) each, NaN for none."""
    if not filters.slots:
        nothing = np.full_like(state.slow, np.nan)
        return nothing, nothing, nothing
    yesterday = _slot(state.row, filters) - filters.slots
    length = len(state.slots)
    before, same, after = ((yesterday + shift) % length for shift in (-1, 0, 1))
    return (
        state.slots[_places(before)],
        state.slots[_places(same)],
        state.slots[_places(after)],
    )


def residuals_step(
    state: FiltersState, z: Float64, context: Float64 | None, filters: Filters
) -> tuple[Float64, FiltersState]:
    """Returns the five residuals (5, B) of scaled values z (B,), and the filters after them.

        context:   |z - context|, of the slow mean where there is no other context
        level:     |mean of 48 - EMA_P|
        day:       least |z - slot| of yesterday's slots -1, 0, +1; 0 where there is none
        roughness: |y - EMA_P(y)|, y = ln(sqrt(EMA_1/12(dz^2)) + 0.01)
        spread:    the same, y = ln(sqrt(EMA_1/48((z - EMA_1/48 z)^2)) + 0.01)

    The slow means are those before the row. z: (v - median) / deviation. The
    rings `recent` and `slots` are written in place, all else is new.
    """
    z = np.minimum(np.maximum(z, -filters.cut), filters.cut)
    turn = state.row % filters.short
    place = _places(turn)
    recent, slots = state.recent, state.slots
    total = state.sum + (z - recent[place])
    recent[place] = z
    full = turn == filters.short - 1
    if np.any(full):  # so that no rounding is carried for ever
        total = np.where(full, np.cumsum(recent, axis=0)[-1], total)
    step = z - state.last
    rough = state.rough + (step * step - state.rough) / filters.rough
    centre = state.centre + (z - state.centre) / filters.wide
    off = z - centre
    wide = state.wide + (off * off - state.wide) / filters.wide
    rough_log = np.log(np.sqrt(rough) + filters.least)
    wide_log = np.log(np.sqrt(wide) + filters.least)
    result = np.stack(
        [
            np.abs(z - (state.slow if context is None else context)),
            np.abs(total / filters.short - state.slow),
            _from_yesterday(state, z, filters),
            np.abs(rough_log - state.roughness),
            np.abs(wide_log - state.spread),
        ]
    )
    a = filters.slow
    if filters.slots:
        slots[_places(_slot(state.row, filters) % len(slots))] = z
    return result, FiltersState(
        slow=state.slow + a * (z - state.slow),
        last=z,
        recent=recent,
        sum=total,
        slots=slots,
        rough=rough,
        centre=centre,
        wide=wide,
        roughness=state.roughness + a * (rough_log - state.roughness),
        spread=state.spread + a * (wide_log - state.spread),
        row=state.row + 1,
    )


def _places(turn: int | AnyArray) -> Any:
    """Returns what picks one place of a ring (..., B) for each stream."""
    return (turn, np.arange(len(turn))) if isinstance(turn, np.ndarray) else turn


def _slot(row: int | AnyArray, filters: Filters) -> int | AnyArray:
    """Returns the number of the row's slot, counted on from day to day."""
    days, rest = divmod(row, filters.day)
    return days * filters.slots + rest * filters.slots // filters.day


def _from_yesterday(state: FiltersState, z: Float64, filters: Filters) -> Float64:
    nearest = np.full_like(z, math.inf)
    for slot in day_means(state, filters):
        nearest = np.fmin(nearest, np.abs(z - slot))
    return np.where(np.isinf(nearest), 0.0, nearest)
