"""Scaling policies: where the mean and the deviation of a standardised value come from.

| policy       | mean and deviation of                              | can stream |
|--------------|----------------------------------------------------|------------|
| `trained`    | the training data; they are the capsule's defaults | yes        |
| `series`     | the series being scored, future included           | no         |
| `rolling(n)` | the n values before each one                       | yes        |

A deviation of zero counts as one, as in scikit-learn's StandardScaler: a
constant channel is centred and otherwise left alone.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stillwatch.runtime.arrays import SMALLEST, Float32, Float64
from stillwatch.runtime.errors import ConfigError

__all__ = [
    "COARSE",
    "FURTHEST",
    "Moments",
    "ScalingPolicy",
    "floored_moments",
    "history_figures",
    "history_moments",
    "rolling_moments",
    "series_moments",
]

# Means of more than so many scales: a value near them is off by up to 1e-4 scales in float32.
COARSE = 2.0**10
# Scales from the mean. Its square, times weights and over hundreds of channels, is in float32.
FURTHEST = 1e12

_LEAST_OF_RANGE = 1 / 50  # of a floored scale
_ULP = float(np.finfo(np.float64).eps)
_ROLLING = re.compile(r"rolling\((\d{1,7})\)")
_SHORTEST_HISTORY = 2  # one value has no deviation
# Rows whose histories are held in memory at once, and values of them.
_BLOCK, _BLOCK_VALUES = 4096, 2**22


@dataclass(frozen=True)
class Moments:
    """Mean and scale of each channel: two arrays (steps, C), in the sensor's units."""

    mean: Float64
    scale: Float64

    @cached_property
    def reach(self) -> tuple[float, float]:
        """A mean's largest magnitude, and how far it and a value's may be for float32 to do.

        No distance at all where any channel is COARSE. Kept, since a model's trained
        moments are asked at every window.
        """
        sizes = np.abs(self.mean)
        if (sizes > COARSE * self.scale).any():
            return float(sizes.max()), -np.inf
        return float(sizes.max()), FURTHEST * float(self.scale.min())

    @cached_property
    def in_graph(self) -> tuple[Float32, Float32]:
        """Mean and scale as a graph takes them: (1 or N, 1 or T, C)."""
        mean, scale = (part if part.ndim == 3 else part[None] for part in (self.mean, self.scale))
        return mean.astype(np.float32), scale.astype(np.float32)


@dataclass(frozen=True)
class ScalingPolicy:
    """A scaling policy; `str(policy)` is the name it is parsed from.

    `history` is the number of values that rolling(n) wants before its first
    answer, 0 for the other kinds.
    """

    kind: str
    history: int = 0

    @classmethod
    def parse(cls, text: str) -> "ScalingPolicy":
        """Returns the policy called `text`; raises ConfigError if there is none."""
        if text in ("trained", "series"):
            return cls(text)
        match = _ROLLING.fullmatch(text)
        if match and int(match[1]) >= _SHORTEST_HISTORY:
            return cls("rolling", int(match[1]))
        raise ConfigError(
            f"expected a scaling policy 'trained', 'series' or 'rolling(n)' with n >= "
            f"{_SHORTEST_HISTORY}, got {text!r}"
        )

    def __str__(self) -> str:
        return f"rolling({self.history})" if self.kind == "rolling" else self.kind


def series_moments(values: Float64) -> Moments:
    """Returns the moments (1, C) of a whole series (T, C)."""
    return history_moments(values[None])


def floored_moments(values: Float64) -> Moments:
    """Returns the moments (1, C) of a whole series (T, C), no scale below a 50th of its range.

    A channel that moved once in a week has a tiny deviation, and its next
    move would else be a thousand of them.
    """
    moments = series_moments(values)
    return Moments(
        moments.mean, np.maximum(moments.scale, _LEAST_OF_RANGE * np.ptp(values, axis=0))
    )


def rolling_moments(values: Float64, history: int) -> Moments:
    """Returns the moments (T - history, C) of the `history` rows before each later row.

    values: (T, C), T >= history. Row i of the answer belongs to values[history + i].
    Sums run strictly from the oldest value to the newest, so a row's moments
    are the same to the last bit however the series was cut into chunks.
    """
    count = len(values) - history
    windows = np.lib.stride_tricks.sliding_window_view(values, history, axis=0)  # (T-n+1, C, n)
    histories = windows[:count].transpose(0, 2, 1)  # NCT -> NTC
    step = max(1, min(_BLOCK, _BLOCK_VALUES // (history * values.shape[1])))
    blocks = [history_moments(histories[start : start + step]) for start in range(0, count, step)]
    if not blocks:
        empty = np.empty((0, values.shape[1]))
        return Moments(empty, empty)
    return Moments(
        np.concatenate([block.mean for block in blocks]),
        np.concatenate([block.scale for block in blocks]),
    )


def history_moments(histories: Float64) -> Moments:
    """Returns the moments (N, C) over time of histories (N, T, C)."""
    count = histories.shape[1]
    mean = _ordered_sum(histories) / count
    deviation = np.sqrt(_ordered_sum(np.square(histories - mean[:, None])) / count)
    # Rounding leaves a constant channel a tiny deviation, not an exact zero: each of the sums may
    # be off by an ulp a term (the bound of scikit-learn's StandardScaler). And what single
    # precision cannot hold cannot divide in the graph.
    rounding = count * _ULP * np.abs(mean)
    constant = deviation <= np.maximum(rounding, SMALLEST)
    # Its mean is then itself: summed up it would be off by more than 1 at a level of 1e15.
    return Moments(np.where(constant, histories[:, -1], mean), np.where(constant, 1.0, deviation))


def history_figures(history: Float64) -> tuple[float, float]:
    """Returns mean and scale of one channel's history (T,), as `history_moments` has them.

    The same sums in the same order, in a tenth of the time for one stream.
    """
    count = len(history)
    mean = float(history.cumsum()[-1]) / count
    off = history - mean
    deviation = math.sqrt(float(np.square(off).cumsum()[-1]) / count)
    rounding = count * _ULP * abs(mean)
    if deviation <= max(rounding, SMALLEST):
        return float(history[-1]), 1.0
    return mean, deviation


def _ordered_sum(windows: Float64) -> Float64:
    # np.sum chooses its order of addition by memory layout; np.cumsum has only one order.
    return np.cumsum(windows, axis=1)[:, -1]
