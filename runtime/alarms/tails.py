"""The tail of normal scores: how high they peak, and how often, beyond what was seen.

Peaks over threshold: scores above a high level, one peak for each cluster of
them, follow a generalised Pareto distribution. Sources: S. Coles, An
Introduction to Statistical Modeling of Extreme Values (2001), sections 4.3
and 5.3; the fit: J. Zhang and M. Stephens, A New and Efficient Estimation
Method for the Generalized Pareto Distribution, Technometrics 51 (2009), which
serves heavy tails too.
"""

import math

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.figures import Tail

__all__ = ["fit_tail"]

_LEVELS = (0.98, 0.95, 0.9)  # quantiles to call high, the highest first
_FEWEST_PEAKS = 10  # two parameters are fitted to them


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
