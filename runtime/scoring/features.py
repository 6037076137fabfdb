"""Features of a step, what a distance is taken of: from scaled values and their reconstruction.

Each kind has one or more features a channel, in blocks of C: all channels'
first features, then all their second ones. So feature f is channel f % C's.
"""

from collections.abc import Callable

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["COMPRESSION", "FEATURES", "PUBLISHED", "ROBUST", "WITH_LEVEL", "by_channel", "features"]

PUBLISHED = "errors"
WITH_LEVEL = "errors and scaled values"
ROBUST = "residuals, errors and scaled values, compressed"
# f becomes 20 asinh(f / 20): itself up to a few units, its logarithm far out, so that one channel
# that hardly moved in training does not drown all others for ever.
COMPRESSION = 20.0


def _published(scaled: AnyArray, decoded: AnyArray) -> list[AnyArray]:
    return [np.abs(scaled - decoded)]


def _with_level(scaled: AnyArray, decoded: AnyArray) -> list[AnyArray]:
    return [np.abs(scaled - decoded), scaled]


def _robust(scaled: AnyArray, decoded: AnyArray) -> list[AnyArray]:
    residual = scaled - decoded
    blocks = (residual, np.abs(residual), scaled)
    return [COMPRESSION * np.arcsinh(block / COMPRESSION) for block in blocks]


# By name: from scaled values and their reconstruction (T, C), the blocks of features, (T, C) each.
FEATURES: dict[str, Callable[[AnyArray, AnyArray], list[AnyArray]]] = {
    PUBLISHED: _published,
    WITH_LEVEL: _with_level,
    ROBUST: _robust,
}


def features(kind: str, scaled: AnyArray, decoded: AnyArray) -> Float64:
    """Returns the features (T, F) of scaled values and their reconstruction, both (T, C).

    kind: one of FEATURES.
    """
    blocks = FEATURES[kind](scaled, decoded)
    return np.concatenate(blocks, axis=-1).astype(np.float64)


def by_channel(parts: Float64, channels: int) -> Float64:
    """Returns (..., C): the parts (..., F) of a distance, each channel's own added up."""
    shape = (*parts.shape[:-1], -1, channels)
    added: Float64 = parts.reshape(shape).sum(axis=-2)
    return added
