"""The robust score: distances of features whose large values are drawn in, for ranking rows."""

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.distance import Mahalanobis, fit_mahalanobis

__all__ = ["SHRINKAGE", "RobustScore", "robust_features"]

SHRINKAGE = 0.03  # chosen on machines 1-7, 2-1, 2-2, 2-7
_REACH = 20.0  # scaled units from which on a feature grows as its logarithm only


def robust_features(values: Float64, reconstruction: Float64 | None) -> Float64:
    """Returns 20 asinh(f / 20) of the features f (T, F): residual, its size, and value, scaled.

    values, reconstruction: (T, C); without a reconstruction, of the values alone.
    """
    parts = [values]
    if reconstruction is not None:
        residual = values - reconstruction
        parts = [residual, np.abs(residual), values]
    found: Float64 = _REACH * np.arcsinh(np.concatenate(parts, axis=1) / _REACH)
    return found


class RobustScore:
    """ln of the Mahalanobis distance of robust features, fitted on normal rows."""

    def __init__(self, features: Float64) -> None:
        """features: (T, F), of normal rows."""
        self._distance: Mahalanobis = fit_mahalanobis(features, SHRINKAGE)

    def __call__(self, features: Float64) -> Float64:
        """Returns the score of each row (T,)."""
        found: Float64 = np.log(self._distance.score(features) + 1e-3)
        return found
