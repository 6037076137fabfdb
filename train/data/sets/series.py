"""A series with its timestamps and its labels."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64

__all__ = ["LabelledSeries"]


@dataclass(frozen=True)
class LabelledSeries:
    """A univariate series: timestamps (T,) datetime64, values (T,) the sensor's units.

    labels: (T,) True at the labelled points. windows: first and last row of
    each labelled window, both included, in time order.
    """

    name: str
    timestamps: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    values: Float64
    labels: Bool
    windows: tuple[tuple[int, int], ...]

    def masked(self) -> Float64:
        """Returns the values with each labelled one replaced by the last normal value before it.

        A label on the very first rows has nothing before it; the first normal value serves there.
        """
        normal = np.flatnonzero(~self.labels)
        before = np.searchsorted(normal, np.arange(len(self.values)), side="right") - 1
        masked: Float64 = self.values[normal[np.maximum(before, 0)]]
        return masked

    def in_windows(self) -> Bool:
        """Returns (T,): True for the rows of labelled windows."""
        inside = np.zeros(len(self.values), bool)
        for first, last in self.windows:
            inside[first : last + 1] = True
        return inside

    def normal_segments(self, end: int) -> tuple[Float64, ...]:
        """Returns the values before row `end`, cut where labelled windows are left out: (T, 1)."""
        normal = np.flatnonzero(~self.in_windows()[:end])
        parts = np.split(normal, np.flatnonzero(np.diff(normal) > 1) + 1)
        return tuple(self.values[part, None] for part in parts)
