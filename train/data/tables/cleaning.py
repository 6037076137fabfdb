"""Cleans a table of sensors: times that repeat or leave gaps, and cells without a value.

Pure functions over arrays. Nothing is mended in silence: each answer comes
with what was found.
"""

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.missing import carry_forward

__all__ = ["fill_missing", "last_of_each_time"]


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


def fill_missing(values: Float64, missing: str) -> tuple[Float64, int]:
    """Returns values (T, C) without NaN, and how many cells were filled.

    missing: "forward" takes the last value of the channel, "interpolate" a
    line between its neighbours, "refuse" leaves no row that lacks a value to
    the caller. Rows at the ends for which there is no neighbour are dropped.
    """
    empty = np.isnan(values)
    if missing == "refuse" or not empty.any():
        return values[~empty.any(axis=1)], 0
    if missing == "forward":
        filled, _ = carry_forward(values)
    else:
        filled = values.copy()
        rows = np.arange(len(values))
        for channel, cells in enumerate(empty.T):
            known = rows[~cells]
            if len(known):
                line = np.interp(rows, known, values[known, channel], left=np.nan, right=np.nan)
                filled[:, channel] = line
    whole = ~np.isnan(filled).any(axis=1)
    return filled[whole], int(empty[whole].sum())
