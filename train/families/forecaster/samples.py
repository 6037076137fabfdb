"""Windows and what follows them: what a forecaster learns from, gathered a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import Float32
from stillwatch.train.data.fingerprint import fingerprint

__all__ = ["ForecastSamples", "ScaledPart"]


@dataclass(frozen=True)
class ScaledPart:
    """Consecutive rows: channels (T, C) and covariates (T, K), scaled, and calendar (T, K')."""

    channels: Float32
    covariates: Float32
    calendar: Float32

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.channels)

    def rows(self, begin: int, end: int) -> "ScaledPart":
        """Returns the rows from `begin` to before `end`."""
        parts = (self.channels, self.covariates, self.calendar)
        return ScaledPart(*(part[begin:end] for part in parts))


class ForecastSamples:
    """Windows of `lookback` rows, each with the `horizon` rows after it, numbered 0 to len - 1.

    No window reaches over the end of a part. step: rows from one window to
    the next. most: how many of them make an epoch; None for all.
    """

    def __init__(
        self,
        parts: Sequence[ScaledPart],
        *,
        lookback: int,
        horizon: int,
        step: int = 1,
        most: int | None = None,
    ) -> None:
        """Takes the parts as they are, no copies of their windows."""
        self._lookback, self._horizon, self._most = lookback, horizon, most
        self._inputs = [
            np.concatenate([part.channels, part.covariates, part.calendar], axis=1)
            for part in parts
        ]
        self._calendars = [part.calendar for part in parts]
        self.channels = parts[0].channels.shape[1]
        self._key = f"{lookback} {horizon} {step} {most}"
        starts = [np.arange(0, len(part) - lookback - horizon + 1, step) for part in parts]
        self._samples = np.concatenate(
            [np.stack([np.full(len(s), n), s], axis=1) for n, s in enumerate(starts)]
        )

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._samples)

    def fingerprint(self) -> str:
        """Returns what tells these samples from those of other series, or cut in another way."""
        return f"{fingerprint(self._inputs)} {self._key}"

    def order(self, generator: np.random.Generator) -> npt.NDArray[np.int64]:
        """Returns the numbers of an epoch's samples, drawn by `generator`."""
        return generator.permutation(len(self))[: self._most]

    def inputs(self, numbers: npt.NDArray[np.int64]) -> tuple[Float32, ...]:
        """Returns windows (N, L, C + K) and, where it is read, the calendar ahead (N, H, K')."""
        starts = [self._samples[number] for number in numbers]
        windows = [self._inputs[part][start : start + self._lookback] for part, start in starts]
        if not self._calendars[0].shape[1]:
            return (np.stack(windows),)
        ahead = [
            self._calendars[part][start + self._lookback :][: self._horizon]
            for part, start in starts
        ]
        return np.stack(windows), np.stack(ahead)

    def targets(self, numbers: npt.NDArray[np.int64]) -> Float32:
        """Returns what follows the windows, (N, H, C)."""
        starts = [self._samples[number] for number in numbers]
        return np.stack(
            [
                self._inputs[part][start + self._lookback :][: self._horizon, : self.channels]
                for part, start in starts
            ]
        )
