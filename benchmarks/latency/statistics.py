"""Quantiles, ratios with their intervals, and slopes. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from stillwatch.runtime.arrays import Float64

__all__ = ["QUANTILES", "Ratio", "quantiles", "ratio", "slope"]

# In percent; 0 and 100 are the fastest and the slowest call of all.
QUANTILES = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100)

# A card quotes some three hundred ratios, on all of which two runs are to agree: of intervals of
# 95 % one or two pairs would miss each other by chance, of these none.
_CONFIDENCE = 0.99
Rounds = Sequence[Sequence[float]]  # by process, then round: the median microseconds of a burst


@dataclass(frozen=True)
class Ratio:
    """How many times slower, and the 99 % interval of that."""

    value: float
    low: float
    high: float

    def overlaps(self, other: "Ratio") -> bool:
        """Whether the intervals have a value in common."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def quantiles(samples: Sequence[float]) -> dict[str, float]:
    """Returns the quantiles of all samples by their percent, as text."""
    figures = np.percentile(samples, QUANTILES)
    return {f"{q:g}": round(float(x), 3) for q, x in zip(QUANTILES, figures, strict=True)}


def ratio(slower: Rounds, faster: Rounds, *, paired: bool = True) -> Ratio:
    """Returns how many times slower the first is: the geometric mean over processes.

    A process counts once, by the median over its rounds, since it keeps its
    memory layout for life and its rounds share that luck: the interval is
    Student's t over the processes' logarithms (Kalibera and Jones, 2013,
    "Rigorous benchmarking in reasonable time": repeat what varies). Where
    paired, a round of one is divided by the same round of the other, so that
    what they share cancels. paired=False for two runs that share no rounds:
    Welch's interval. Raises ValueError for fewer than two processes.
    """
    if min(len(slower), len(faster)) < 2:
        raise ValueError("expected two processes or more: one says nothing of the next")
    if paired:
        logs = [np.log(_by_round(a, b)) for a, b in zip(slower, faster, strict=True)]
        middle, error, freedom = _mean(logs)
    else:
        (above, error_a, freedom_a), (below, error_b, freedom_b) = (
            _mean([np.log(process) for process in rounds]) for rounds in (slower, faster)
        )
        middle, error = above - below, np.hypot(error_a, error_b)
        # Welch and Satterthwaite; without any spread the interval is a point.
        spread = error_a**4 / freedom_a + error_b**4 / freedom_b
        freedom = error**4 / spread if spread else 1.0
    half = stats.t.ppf((1 + _CONFIDENCE) / 2, freedom) * error
    low, value, high = (float(np.exp(middle + side * half)) for side in (-1, 0, 1))
    return Ratio(value, low, high)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Returns the exponent k of y = a x^k by least squares on both logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _by_round(slower: Sequence[float], faster: Sequence[float]) -> Float64:
    """Returns the ratio of each round; as many rounds as the shorter has."""
    rounds = min(len(slower), len(faster))
    return np.array(slower[:rounds], np.float64) / np.array(faster[:rounds], np.float64)


def _mean(processes: Sequence[Float64]) -> tuple[float, float, float]:
    """Returns the mean of processes' medians, its standard error and degrees of freedom."""
    medians = [float(np.median(rounds)) for rounds in processes]
    error = np.std(medians, ddof=1) / np.sqrt(len(medians))
    return float(np.mean(medians)), float(error), float(len(medians) - 1)
