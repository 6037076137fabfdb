"""Whether a stream still looks as it did: its score against calibration, its channels as at first.

By the population stability index: below 0.1 little has moved, above 0.25 much has. A capsule has
the quantiles of its normal scores and none of its channels, so channels are held against a
stream's own first rows.
"""

from collections.abc import Mapping

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.serve.metrics.histogram import Histogram, stability

__all__ = ["MUCH", "StreamDrift"]

MUCH = 0.25  # an index above which much has moved
_ROWS = 512  # of a window, at least
_DAYS = 2  # of a window, so that the hour of the day does not look like drift
_REFERENCE = 256  # rows that are kept of the first window, evenly, until it is full
_DECILES = np.arange(1, 10) / 10
_FROZEN = 30  # equal rows at least, and four times as many as ever in the first window
_OFTEN = 4
_TOGETHER = 64  # rows that are counted at once


class StreamDrift:
    """One stream's windows. frozen: channels whose value stands still."""

    def __init__(self, channels: int, quantiles: Mapping[str, float], period: float | None) -> None:
        """quantiles: of normal scores, by level, as capsules have them. period: seconds a row."""
        day = 0 if period is None else round(86_400 / period)
        self._rows = max(_ROWS, min(_DAYS * day, 100_000))
        self._score: Histogram | None = None
        self._shares: AnyArray = np.empty(0)
        if quantiles:
            levels = sorted((float(level), value) for level, value in quantiles.items())
            self._score = Histogram(np.array([[value for _, value in levels]]), self._rows)
            steps = np.diff([0.0, *(level for level, _ in levels), 1.0])
            self._shares = steps[None] * self._rows
        self._first: list[AnyArray] | None = []  # rows of the reference, until it is whole
        self._seen = 0
        self._channels: Histogram | None = None
        self._expected: AnyArray = np.empty(0)
        self._last: AnyArray | None = None
        self._run = np.zeros(channels, np.int64)  # equal rows up to the last one
        self._longest = np.zeros(channels, np.int64)  # of the reference
        self._waiting: list[tuple[AnyArray, AnyArray]] = []  # what `take` took, not counted yet
        self._waits = 0  # rows of it

    def take(self, values: AnyArray, scores: AnyArray) -> bool:
        """Takes new rows (T, C), and the scores (T',) that came of any; returns whether it looked.

        That is at so many rows together that it costs little, or where somebody asks.
        """
        self._waiting.append((values, scores))
        self._waits += len(values)
        looks = self._waits >= _TOGETHER
        if looks:
            self._look()
        return looks

    @property
    def highest(self) -> float | None:
        """The highest of all indices; None where none is known yet."""
        channels = self.channels
        known = [] if channels is None else [float(channels.max())]
        known += [] if self.score is None else [self.score]
        return max(known, default=None)

    @property
    def score(self) -> float | None:
        """The index of the scores against calibration; None without one, or with too few rows."""
        self._look()
        if self._score is None or self._score.rows < self._rows:
            return None
        return float(stability(self._shares, self._score.counts)[0])

    @property
    def channels(self) -> Float64 | None:
        """The index of each channel against the first window, (C,); None before the second."""
        self._look()
        if self._channels is None or self._channels.rows < self._rows:
            return None
        return stability(self._expected, self._channels.counts)

    @property
    def frozen(self) -> int:
        """How many channels have stood still for longer than they used to."""
        self._look()
        still = (self._run >= _FROZEN) & (self._run > _OFTEN * self._longest)
        return int(still.sum()) if self._channels is not None else 0

    def _look(self) -> None:
        """Counts the rows that wait: together, since a few at a time cost as much as many."""
        if not self._waiting:
            return
        values, scores = (np.concatenate(part) for part in zip(*self._waiting, strict=True))
        self._waiting, self._waits = [], 0
        known = scores[np.isfinite(scores)]
        if self._score is not None and len(known):
            self._score.add(known[:, None])
        self._stand(values)
        if self._channels is not None:
            self._channels.add(values)
        elif self._first is not None:
            self._refer(values)

    def _stand(self, values: AnyArray) -> None:
        before = values[:1] if self._last is None else self._last
        equal = np.concatenate([before, values[:-1]]) == values
        row = np.arange(1, len(equal) + 1)[:, None]
        changed = np.maximum.accumulate(np.where(equal, 0, row))  # the last row that was unlike
        runs = row - changed + np.where(changed == 0, self._run, 0)
        self._run = runs[-1]
        if self._channels is None:
            self._longest = np.maximum(self._longest, runs.max(axis=0))
        self._last = values[-1:].copy()

    def _refer(self, values: AnyArray) -> None:
        """Takes rows of the first window, and begins the next one when it is whole."""
        first = self._first
        if first is None:
            return
        every = max(1, self._rows // _REFERENCE)
        first.extend(row.copy() for row in values[(-self._seen) % every :: every])
        self._seen += len(values)
        if self._seen >= self._rows:
            reference = np.stack(first)
            self._channels = Histogram(np.quantile(reference, _DECILES, axis=0).T, self._rows)
            self._expected = self._channels.counted(self._channels.binned(reference))
            self._first = None
