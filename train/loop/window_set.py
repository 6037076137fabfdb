"""Training windows of several series, gathered a batch at a time: nothing is copied before."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import Float32
from stillwatch.runtime.scoring.windows import sliding_windows
from stillwatch.train.data.fingerprint import fingerprint

__all__ = ["WindowSet"]


class WindowSet:
    """Windows of scaled series, numbered 0 to len - 1.

    series: arrays (T, C), float32. channels: "independent" makes every
    channel of a window a sample of its own, one channel wide, but for
    channels that never change, which have nothing to learn; "joint" keeps
    them together.
    """

    def __init__(self, series: Sequence[Float32], *, window: int, step: int, channels: str) -> None:
        """Takes views of the series, no copies."""
        self._views = [sliding_windows(values, window, step) for values in series]
        self._series = series
        self._key = f"{window} {step} {channels}"
        samples = []
        for number, (values, view) in enumerate(zip(series, self._views, strict=True)):
            lanes = (
                np.flatnonzero(np.ptp(values, axis=0) > 0) if channels == "independent" else [-1]
            )
            starts, chosen = np.meshgrid(np.arange(len(view)), lanes, indexing="ij")
            of_series = np.full(starts.size, number)
            samples.append(np.stack([of_series, starts.ravel(), chosen.ravel()], axis=1))
        self._samples = np.concatenate(samples)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._samples)

    def fingerprint(self) -> str:
        """Returns what tells these windows from those of other series, or cut in another way."""
        return f"{fingerprint(self._series)} {self._key}"

    def order(self, generator: np.random.Generator) -> npt.NDArray[np.int64]:
        """Returns the numbers of all samples, in the order that `generator` draws."""
        return generator.permutation(len(self))

    def inputs(self, numbers: npt.NDArray[np.int64]) -> tuple[Float32, ...]:
        """Returns what the network is called with: the batch."""
        return (self.batch(numbers),)

    def targets(self, numbers: npt.NDArray[np.int64]) -> Float32:
        """Returns what the network is to answer: the batch again, to be reconstructed."""
        return self.batch(numbers)

    def batch(self, numbers: npt.NDArray[np.int64]) -> Float32:
        """Returns the samples of these numbers as (T, N, C), TNC as Gluon's LSTM takes it."""
        picked = [self._sample(*self._samples[number]) for number in numbers]
        return np.stack(picked, axis=1)

    def _sample(self, series: int, start: int, channel: int) -> Float32:
        window: Float32 = self._views[series][start]
        return window if channel < 0 else window[:, channel : channel + 1]
