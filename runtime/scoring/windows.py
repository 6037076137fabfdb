"""Windows over series, as views: a million overlapping windows cost no more than the series."""

import numpy as np

from stillwatch.runtime.arrays import AnyArray

__all__ = ["sliding_windows"]


def sliding_windows(values: AnyArray, length: int, step: int) -> AnyArray:
    """Returns a read-only view (N, length, C) of windows that begin every `step` rows.

    values: (T, C). Rows that fill no whole window at the end are left out;
    N is 0 where the series is shorter than a window.
    """
    if len(values) < length:
        return np.empty((0, length, values.shape[1]), values.dtype)
    view = np.lib.stride_tricks.sliding_window_view(
        values, length, axis=0
    )  # (T-length+1, C, length)
    return view[::step].transpose(0, 2, 1)  # NCT -> NTC
