"""Scaling outside the graph, where single precision cannot hold a value's level and spread at once.

A graph subtracts the mean and divides by the scale in float32, 24 bits: of
1.7e9 +/- 1 nothing is left. Such values are scaled here in double precision
and fed with a mean of 0 and a scale of 1. Those further from the mean than
any network can tell apart are held there, so that no sum in the graph
overflows into something that is no number. Each value is decided by itself, so
an answer does not depend on how a series was cut.
"""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.scoring.scaling import COARSE, FURTHEST, Moments

__all__ = ["COARSE", "FURTHEST", "Feed", "inside_range", "prepare"]


@dataclass(frozen=True)
class Feed:
    """What the graph is fed, and which of it (of the values' shape, or None) is scaled already.

    fed: the moments that the graph gets. moments: as they are, for what comes back.
    """

    values: Float64
    fed: Moments
    moments: Moments
    outside: Bool | None = None

    def restored(self, reconstruction: AnyArray) -> AnyArray:
        """Returns the graph's reconstruction in the sensor's units throughout."""
        if self.outside is None:
            return reconstruction
        units = reconstruction * self.moments.scale + self.moments.mean
        return np.where(self.outside, units, reconstruction).astype(np.float32)


def prepare(values: Float64, moments: Moments) -> Feed:
    """Returns what to feed for values (N, T, C) with moments (1 or N, 1 or T, C)."""
    mean, scale = moments.mean, moments.scale
    if values.size == mean.size == 1:  # a stream's step: in plain numbers a tenth of the time
        centre, unit = mean.item(), scale.item()
        if abs(centre) <= COARSE * unit and abs(values.item() - centre) <= FURTHEST * unit:
            return Feed(values, moments, moments)
    largest_mean, most = moments.reach
    if max(float(values.max()), -float(values.min())) + largest_mean <= most:
        return Feed(values, moments, moments)
    outside = (np.abs(mean) > COARSE * scale) | (np.abs(values - mean) > FURTHEST * scale)
    if not outside.any():
        return Feed(values, moments, moments)
    scaled = np.clip((values - mean) / scale, -FURTHEST, FURTHEST)
    return Feed(
        np.where(outside, scaled, values),
        Moments(np.where(outside, 0.0, mean), np.where(outside, 1.0, scale)),
        moments,
        outside,
    )


def inside_range(moments: Moments) -> tuple[Float64, Float64]:
    """Returns the lowest and highest values that are fed as they are; none where it is coarse."""
    fine = np.abs(moments.mean) <= COARSE * moments.scale
    reach = FURTHEST * moments.scale
    low = np.where(fine, moments.mean - reach, np.inf)
    return low, np.where(fine, moments.mean + reach, -np.inf)
