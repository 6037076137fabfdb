"""Cleans a table of sensors: times that repeat or leave gaps, and cells without a value.

Pure functions over arrays. Nothing is mended in silence: each answer comes
with what was found.
"""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.errors import InputError

__all__ = ["Timing", "fill_missing", "last_of_each_time", "timing"]

_JITTER = 0.1  # of the usual step: what counts as regular still
_IRREGULAR_SHARE = 0.05  # of steps beyond the jitter: then the sampling itself is irregular
_GAP, _IRREGULAR_GAP = 1.5, 10.0  # usual steps from one row to the next: a row is missing


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When rows come. step: the usual time between two, seconds or the time column's own unit.

    gaps: the rows that come after one. irregular: steps that are neither
    usual nor gaps.
    """

    step: float
    gaps: tuple[int, ...]
    irregular: int


def last_of_each_time(times: Float64) -> Bool:
    """Returns (T,): False for rows whose time the next row repeats, so that the last one stands.

    times: (T,) in order. Raises InputError where a row is earlier than the one before it.
    """
    backward = np.flatnonzero(np.diff(times) < 0)
    if len(backward):
        raise InputError(
            f"row {backward[0] + 2} is earlier than the row before it ({len(backward)} such in "
            "all): sort the rows by time"
        )
    kept: Bool = np.append(np.diff(times) > 0, True)[: len(times)]
    return kept


def timing(times: Float64) -> Timing:
    """Returns the usual step, gaps and irregular steps of times (T,) that strictly increase."""
    steps = np.diff(times)
    if not len(steps):
        return Timing(step=0.0, gaps=(), irregular=0)
    usual = float(np.median(steps))
    off = np.abs(steps - usual) > _JITTER * usual
    limit = _IRREGULAR_GAP if off.mean() > _IRREGULAR_SHARE else _GAP
    gaps = steps > limit * usual
    return Timing(
        step=usual,
        gaps=tuple(int(row) + 1 for row in np.flatnonzero(gaps)),
        irregular=int((off & ~gaps).sum()),
    )


def fill_missing(values: Float64, missing: str) -> tuple[Float64, int]:
    """Returns values (T, C) without NaN, and how many cells were filled.

    missing: "forward" takes the last value of the channel, "interpolate" a
    line between its neighbours, "refuse" leaves no row that lacks a value to
    the caller. Rows at the ends for which there is no neighbour are dropped.
    """
    empty = np.isnan(values)
    if missing == "refuse" or not empty.any():
        return values[~empty.any(axis=1)], 0
    filled = values.copy()
    rows = np.arange(len(values))
    for channel, cells in enumerate(empty.T):
        known = rows[~cells]
        if missing == "forward" and len(known):
            before = np.searchsorted(known, rows, side="right") - 1
            filled[:, channel] = np.where(before < 0, np.nan, values[known[before], channel])
        elif len(known):
            line = np.interp(rows, known, values[known, channel], left=np.nan, right=np.nan)
            filled[:, channel] = line
    whole = ~np.isnan(filled).any(axis=1)
    return filled[whole], int(empty[whole].sum())
