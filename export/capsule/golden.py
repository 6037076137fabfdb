"""Golden vectors: windows with the scores they must give, on any machine and in any language."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.capsule.info import Golden

__all__ = ["TOLERANCE", "Reference", "golden_vectors"]

# From scaled values (T, C): their reconstruction and contribution (T, C), and alarm (T,).
Reference = Callable[[Float64], tuple[Float64, Float64, Bool]]

# Single precision carries 24 bits, 6e-8; a window of gates and sums loses at most two decimal
# digits of that. Differences are in scaled units, scores relative to their size.
TOLERANCE = 1e-5

_DIGITS = 9  # gives the same single-precision number back; libm versions disagree far beyond it


def golden_vectors(
    mean: Float64,
    scale: Float64,
    lengths: Sequence[int],
    reference: Reference,
) -> tuple[Golden, ...]:
    """Returns golden vectors of these lengths.

    mean, scale: (C,), the trained ones. The inputs follow from sines and a
    spike, with nothing drawn and nothing of anybody's data, so the same
    checkpoint gives the same bytes.
    """
    vectors = [_golden(_wave(length, mean, scale), mean, scale, reference) for length in lengths]
    # By channel they would double a small capsule; the replay adds them up for every vector.
    return (vectors[0], *(replace(vector, contribution=None) for vector in vectors[1:]))


def _golden(
    values: Float64,
    mean: Float64,
    scale: Float64,
    reference: Reference,
) -> Golden:
    # The graph sees single precision, and so must the reference, or its input is another one.
    mean, scale = (figures.astype(np.float32).astype(np.float64) for figures in (mean, scale))
    scaled = (values - mean) / scale
    decoded, contribution, alarm = reference(scaled)
    return Golden(
        values=_rows(values),
        score=tuple(_rounded(figure) for figure in contribution.sum(axis=1)),
        alarm=tuple(map(bool, alarm)),
        reconstruction=_rows(decoded * scale + mean),
        contribution=_rows(contribution) if len(mean) > 1 else None,
    )


def _wave(length: int, mean: Float64, scale: Float64) -> Float64:
    """Returns values (length, C) around the mean, with one spike of 6 scales in the middle."""
    step = np.arange(length)[:, None]
    channel = np.arange(len(mean))
    scaled = np.sin(0.7 * step + channel) + 0.4 * np.sin(2.3 * step + 2 * channel)
    if length > 10:
        scaled[length // 2] += 6.0
    # Float32 numbers of few digits: the text in the metadata and the tensor are the same number.
    values: Float64 = np.round(mean + scale * scaled, 3).astype(np.float32).astype(np.float64)
    return values


def _rows(values: Float64) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(_rounded(figure) for figure in row) for row in values)


def _rounded(figure: float) -> float:
    return float(f"{figure:.{_DIGITS}g}")
