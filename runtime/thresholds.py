"""Thresholds: from the errors of normal data to the score above which an alarm is raised."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray

__all__ = ["QUANTILES", "Threshold", "error_quantiles", "mean_plus_sigmas"]

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold and the figures it was made from; scores above `value` are alarms."""

    rule: str
    value: float
    mean: float
    deviation: float
    sigmas: float
    count: int


def mean_plus_sigmas(scores: AnyArray, sigmas: float) -> Threshold:
    """Returns the threshold mean + sigmas * deviation of the scores of normal data.

    scores: any shape, at least one finite value; the deviation is that of the
    population (divided by n). Source: the three-sigma rule of the published
    nab-rds recipe.
    """
    flat = np.asarray(scores, dtype=np.float64).ravel()
    mean, deviation = float(flat.mean()), float(flat.std())
    return Threshold(
        rule=f"mean + {sigmas:g} standard deviations of the training errors",
        value=mean + sigmas * deviation,
        mean=mean,
        deviation=deviation,
        sigmas=sigmas,
        count=flat.size,
    )


def error_quantiles(scores: AnyArray) -> dict[str, float]:
    """Returns the quantiles QUANTILES of the scores of normal data, by name."""
    values = np.quantile(np.asarray(scores, dtype=np.float64), QUANTILES)
    return {f"{q:g}": float(value) for q, value in zip(QUANTILES, values, strict=True)}
