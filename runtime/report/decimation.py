"""A long series in as many points as a screen can show, every extreme kept."""

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["COLUMNS", "decimated", "strongest"]

COLUMNS = 1000  # pixel columns of a picture


def decimated(series: AnyArray, columns: int = COLUMNS) -> tuple[Float64, Float64]:
    """Returns places (N,), in rows, and values (N,): least and greatest of each pixel column.

    series: (T,), NaN where there is nothing. N is T for a short series, else
    twice `columns`. A column of nothing but NaN stays NaN.
    """
    values = np.asarray(series, np.float64)
    if len(values) <= 2 * columns:
        return np.arange(len(values), dtype=np.float64), values
    edges = _edges(len(values), columns)
    with np.errstate(invalid="ignore"):
        both = np.stack([np.fmin.reduceat(values, edges), np.fmax.reduceat(values, edges)], axis=1)
    both[1::2] = both[1::2, ::-1].copy()  # up one column and down the next: no stroke between
    middles = (edges + np.append(edges[1:], len(values)) - 1) / 2
    return np.repeat(middles, 2), both.reshape(-1)


def strongest(parts: AnyArray, columns: int = COLUMNS) -> Float64:
    """Returns the greatest of each pixel column, (C, columns at most), of parts (T, C)."""
    values = np.nan_to_num(np.asarray(parts, np.float64))
    if len(values) <= columns:
        return values.T
    return np.maximum.reduceat(values, _edges(len(values), columns), axis=0).T


def _edges(rows: int, columns: int) -> AnyArray:
    return np.linspace(0, rows, columns, endpoint=False).astype(np.int64)
