"""A recording of several sensors: named channels, rows in time order, cut at gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["Recording", "split_rows"]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """segments: arrays (T, C), the sensors' units, finite; no window may reach over their ends.

    remarks: what cleaning found and did, a line each. columns: what the file's
    columns were taken for. period: the usual seconds between two rows, None
    where no times say it.
    """

    name: str
    channels: tuple[str, ...]
    segments: tuple[Float64, ...]
    remarks: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    period: float | None = None

    @property
    def rows(self) -> int:
        """How many rows all segments have together."""
        return sum(map(len, self.segments))

    def joined(self) -> Float64:
        """Returns all rows (T, C) as one array."""
        return np.concatenate(self.segments)


def split_rows(
    segments: Sequence[AnyArray], row: int
) -> tuple[tuple[AnyArray, ...], tuple[AnyArray, ...]]:
    """Returns the segments before a row, counted over all of them, and those from it on."""
    before, after = [], []
    for segment in segments:
        if row > 0:
            before.append(segment[:row])
        if row < len(segment):
            after.append(segment[max(0, row) :])
        row -= len(segment)
    return tuple(before), tuple(after)
