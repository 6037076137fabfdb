"""Scores from values and their reconstructions; higher is more anomalous."""

import numpy as np

from stillwatch.runtime.arrays import AnyArray

__all__ = ["squared_error"]


def squared_error(scaled: AnyArray, reconstruction: AnyArray) -> AnyArray:
    """Returns the squared error of each step (..., T), summed over channels.

    scaled, reconstruction: (..., T, C), scaled units.
    """
    error: AnyArray = np.square(scaled - reconstruction).sum(axis=-1)
    return error
