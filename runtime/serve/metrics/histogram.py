"""Histograms of a window that slides, and how far two are apart.

The population stability index is the sum of (p - q) ln(p / q) over the bins, a symmetric
Kullback-Leibler divergence: below 0.1 little has moved, above 0.25 much has (Siddiqi, Credit
Risk Scorecards, 2006, and customary since).
"""

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["Histogram", "stability"]

_BLOCKS = 8  # that a window slides by


def stability(expected: AnyArray, counts: AnyArray) -> Float64:
    """Returns the population stability index of histograms (C, B), a figure each, (C,).

    Half a count is added to each bin, so that an empty one is not infinitely far.
    """
    p, q = (
        (part + 0.5) / (part.sum(axis=-1, keepdims=True) + 0.5 * part.shape[-1])
        for part in (np.asarray(expected, np.float64), np.asarray(counts, np.float64))
    )
    index: Float64 = ((p - q) * np.log(p / q)).sum(axis=-1)
    return index


class Histogram:
    """Counts of the last rows by bin, in blocks of rows: the oldest block goes as one begins."""

    def __init__(self, edges: AnyArray, rows: int) -> None:
        """edges: (C, B - 1), rising. rows: of a whole window."""
        self._edges = np.asarray(edges, np.float64)
        self._block = max(1, rows // _BLOCKS)
        self._counts = np.zeros((_BLOCKS, len(edges), self._edges.shape[1] + 1), np.int64)
        self._filled = 0  # rows of the block that is being filled
        self.rows = 0

    def add(self, values: AnyArray) -> None:
        """Takes rows (T, C)."""
        bins = self.binned(values)
        for start in range(0, len(values), self._block):
            self._add(bins[start : start + self._block])

    def binned(self, values: AnyArray) -> AnyArray:
        """Returns the bin of each value, (T, C)."""
        bins: AnyArray = (np.asarray(values)[..., None] > self._edges).sum(axis=-1)
        return bins

    def counted(self, bins: AnyArray) -> AnyArray:
        """Returns how many of bins (T, C) are in each, (C, B)."""
        wide = np.arange(self._counts.shape[2])
        counts: AnyArray = (bins[..., None] == wide).sum(axis=0)
        return counts

    @property
    def counts(self) -> AnyArray:
        """Of the window, (C, B)."""
        counts: AnyArray = self._counts.sum(axis=0)
        return counts

    def _add(self, bins: AnyArray) -> None:
        if self._filled + len(bins) > self._block:
            left = self._block - self._filled
            self._add(bins[:left])
            bins = bins[left:]
        if self._filled == self._block:
            self._counts = np.roll(self._counts, 1, axis=0)
            self._counts[0] = 0
            self._filled = 0
        self._counts[0] += self.counted(bins)
        self._filled += len(bins)
        self.rows += len(bins)
