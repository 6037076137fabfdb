"""Cells without a value: the last one of their channel stands in for them."""

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["carry_forward"]


def carry_forward(values: Float64) -> tuple[Float64, int]:
    """Returns values (T, C) whose NaN took the last value before them, and how many did.

    Those with none before them stay NaN.
    """
    empty = np.isnan(values)
    if not empty.any():
        return values, 0
    rows = np.where(empty, 0, np.arange(len(values))[:, None])
    last = np.maximum.accumulate(rows, axis=0)
    filled: Float64 = np.take_along_axis(values, last, axis=0)
    return filled, int((empty & ~np.isnan(filled)).sum())
