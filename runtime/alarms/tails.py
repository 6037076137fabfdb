"""The tail of normal scores: how high they peak, and how often, beyond what was seen.

Peaks over threshold: scores above a high level, one peak for each cluster of
them, follow a generalised Pareto distribution. Sources: S. Coles, An
Introduction to Statistical Modeling of Extreme Values (2001), sections 4.3
and 5.3; the fit: J. Zhang and M. Stephens, A New and Efficient Estimation
Method for the Generalized Pareto Distribution, Technometrics 51 (2009), which
serves heavy tails too.
"""

import math
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["Tail", "fit_tail"]

_LEVELS = (0.98, 0.95, 0.9)  # quantiles to call high, the highest first
_FEWEST_PEAKS = 10  # two parameters are fitted to them


@dataclass(frozen=True, kw_only=True)
class Tail:
    """A fitted tail: excesses over `level` of the peaks, with shape and scale of the Pareto.

    rows: how many scores it was fitted on. run: rows below the level that
    end a cluster. peaks: how many clusters there were.
    """

    rows: int
    level: float
    run: int
    peaks: int
    shape: float
    scale: float

    def exceeded_once_in(self, rows: float) -> float:
        """Returns the score that normal data are expected to exceed once in so many rows.

        The return level of Coles, equation 4.12. At least `level`, below
        which the fit says nothing.
        """
        expected = rows * self.peaks / self.rows  # peaks in that time
        if expected <= 1:
            return self.level
        if abs(self.shape) < 1e-9:
            return self.level + self.scale * math.log(expected)
        return self.level + self.scale * math.expm1(self.shape * math.log(expected)) / self.shape


def fit_tail(scores: AnyArray, run: int) -> Tail | None:
    """Returns the tail of the scores (T,) of normal data; None where they have too few peaks.

    run: how many rows below the level end a cluster of scores above it, so
    that one long excursion counts once.
    """
    flat: Float64 = np.asarray(scores, np.float64)
    for quantile in _LEVELS:
        level = float(np.quantile(flat, quantile))
        excesses = _peaks(flat, level, run) - level
        # Ties with the level leave excesses of rounding only, to which nothing can be fitted.
        if len(excesses) < _FEWEST_PEAKS or np.median(excesses) <= 1e-12 * abs(level):
            continue
        shape, scale = _pareto(np.sort(excesses))
        return Tail(
            rows=len(flat),
            level=level,
            run=run,
            peaks=len(excesses),
            shape=shape,
            scale=scale,
        )
    return None


def _peaks(scores: Float64, level: float, run: int) -> Float64:
    """Returns the highest score of each cluster above the level."""
    above = np.flatnonzero(scores > level)
    if not len(above):
        return np.empty(0)
    begins = np.flatnonzero(np.diff(above, prepend=above[0] - run - 1) > run)
    return np.maximum.reduceat(scores[above], begins)


def _pareto(excesses: Float64) -> tuple[float, float]:
    """Returns shape and scale of the generalised Pareto distribution of sorted excesses.

    The mean of theta = -shape / scale over its profile likelihood, on the grid
    and with the prior of the source.
    """
    n = len(excesses)
    points = 20 + math.isqrt(n)
    place = np.arange(1, points + 1) - 0.5
    quarter = excesses[int(n / 4 + 0.5) - 1]
    theta = 1 / excesses[-1] + (1 - np.sqrt(points / place)) / (3 * quarter)
    shape = np.log1p(-theta[:, None] * excesses).mean(axis=1)
    likelihood = n * (np.log(-theta / shape) - shape - 1)
    weight = np.exp(likelihood - likelihood.max())
    best = float(np.sum(theta * weight) / weight.sum())
    fitted = float(np.log1p(-best * excesses).mean())
    return fitted, -fitted / best
