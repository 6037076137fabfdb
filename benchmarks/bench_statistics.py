"""Quantiles, ratios with their intervals, and slopes. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["QUANTILES", "Ratio", "quantiles", "ratio", "slope"]

# In percent; 0 and 100 are the fastest and the slowest call of all.
QUANTILES = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100)

_RESAMPLES = 2000
Rounds = Sequence[Sequence[float]]  # by process, then round: the median microseconds of a burst


@dataclass(frozen=True)
class Ratio:
    """How many times slower: the median over rounds, and its 95 % interval."""

    median: float
    low: float
    high: float

    def overlaps(self, other: "Ratio") -> bool:
        """Whether the intervals have a value in common."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


def quantiles(samples: Sequence[float]) -> dict[str, float]:
    """Returns the quantiles of all samples by their percent, as text."""
    figures = np.percentile(samples, QUANTILES)
    return {f"{q:g}": round(float(x), 3) for q, x in zip(QUANTILES, figures, strict=True)}


def ratio(slower: Rounds, faster: Rounds, *, paired: bool = True, seed: int = 0) -> Ratio:
    """Returns how many times slower the first is, with the interval of a bootstrap.

    A round of one is compared with the same round of the other, in the same
    process, so what they share cancels. Resampled are processes first and
    rounds within them second, since a process keeps its memory layout for
    life: rounds of one process are not independent. paired=False for two runs
    that share no rounds: each is resampled by itself.
    """
    generator = np.random.default_rng(seed)
    above, below = _table(slower), _table(faster)
    if paired:
        rounds = min(above.shape[1], below.shape[1])
        by_round = above[:, :rounds] / below[:, :rounds]
        middle, drawn = np.median(by_round), _medians(by_round, generator)
    else:
        middle = np.median(above) / np.median(below)
        drawn = _medians(above, generator) / _medians(below, generator)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Ratio(float(middle), float(low), float(high))


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Returns the exponent k of y = a x^k by least squares on both logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _table(rounds: Rounds) -> Float64:
    """Returns spans by process and round; as many rounds of each as the shortest has."""
    fewest = min(map(len, rounds))
    return np.array([process[:fewest] for process in rounds], np.float64)


def _medians(table: Float64, generator: np.random.Generator) -> Float64:
    """Returns the medians of resampled tables: processes first, then rounds within each."""
    processes, rounds = table.shape
    chosen = generator.integers(processes, size=(_RESAMPLES, processes, 1))
    within = generator.integers(rounds, size=(_RESAMPLES, processes, rounds))
    medians: Float64 = np.median(table[chosen, within].reshape(_RESAMPLES, -1), axis=1)
    return medians
