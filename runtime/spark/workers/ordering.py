"""Rows of one sensor in the order of their times, and those that come too late for it."""

from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.errors import InputError

__all__ = ["NEVER", "Ordered", "filled", "in_order"]

NEVER = np.iinfo(np.int64).min  # before every time


class Ordered(NamedTuple):
    """Rows by time: times (T,) int64, values (T, C), late (T,).

    A row is late whose time is not after that of the row taken before it: a stream cannot go
    back, and of two rows of one time the sensor had one. Of these the one with the smaller values
    is taken, so that it does not matter in which order they were read.
    """

    times: AnyArray
    values: Float64
    late: Bool


def in_order(times: AnyArray, values: Float64, last: int = NEVER) -> Ordered:
    """Returns the rows by time; last: the time of the row taken before them."""
    order = np.lexsort((*values.T[::-1], times))
    times, values = times[order], values[order]
    before = np.concatenate([[last], times[:-1]])
    return Ordered(times, values, (times <= before) | (times <= last))


def filled(values: Float64, last: Float64 | None, names: tuple[str, ...]) -> Float64:
    """Returns rows (T, C) in which a missing value is the last one before it.

    last: (C,), the row before them. Raises InputError where nothing is before it.
    """
    rows = values if last is None else np.concatenate([last[None], values])
    known = np.where(np.isnan(rows), -1, np.arange(len(rows))[:, None])
    source = np.maximum.accumulate(known, axis=0)
    if len(source) and source.min() < 0:
        row, channel = np.argwhere(source < 0)[0]
        raise InputError(
            f"expected a value of {names[channel]!r} in the first row, got none: nothing is before "
            f"it to fill row {row} with"
        )
    whole: Float64 = np.take_along_axis(rows, source, axis=0)
    return whole if last is None else whole[1:]
