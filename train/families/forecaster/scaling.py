"""What a forecaster's columns are scaled by, from the training rows alone."""

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.scaling import Moments, series_moments
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["scaling_of"]


def scaling_of(training: Float64, config: ForecasterConfig) -> Moments:
    """Returns what is taken off each column (1, C + K), and what divides it, by training rows."""
    if config.scaling == "standard":
        return series_moments(training)
    low, high = training.min(axis=0), training.max(axis=0)
    return Moments(low[None], np.where(high > low, high - low, 1.0)[None])
