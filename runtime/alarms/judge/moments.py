"""Moments of each channel that adapt: what is usual, as of late. Arrays are (C, B)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = [
    "DAY",
    "ChannelMoments",
    "MomentRates",
    "in_channel_order",
    "log_statistic",
    "moments_step",
    "start_moments",
]

DAY = 86400.0  # seconds


class ChannelMoments(NamedTuple):
    """Mean, variance, and the range that is remembered: (C, B) each."""

    mean: Float64
    variance: Float64
    high: Float64
    low: Float64


@dataclass(frozen=True, kw_only=True)
class MomentRates:
    """learn: a, the share of a row that mean and variance take in. forget: of the range, a row.

    pull: deviations beyond which a row pulls no more. floor: the least scale,
    as a share of the range. least: and in scaled units. cut: the largest
    deviation that counts. reach: how far the range may, scaled: one absurd
    value would else leave the channel deaf for good.
    """

    learn: float
    forget: float
    pull: float = 3.0
    floor: float = 1 / 50
    least: float = 1e-6
    cut: float = 50.0
    reach: float = 200.0

    @classmethod
    def of_period(cls, period: float) -> "MomentRates":
        """Returns the rates for so many seconds a row: half of 3 days, and the range in 14."""
        return cls(learn=math.log(2) * period / (3 * DAY), forget=period / (14 * DAY))


def start_moments(rows: Float64) -> ChannelMoments:
    """Returns the moments (C, 1) that a replay of the rows (T, C) begins with.

    Mean and variance of all of them; the range is as yet the first row.
    """
    result = (rows.mean(axis=0), rows.var(axis=0), rows[0], rows[0])
    return ChannelMoments(*(figures[:, None] for figures in result))


def moments_step(
    state: ChannelMoments, x: Float64, rates: MomentRates
) -> tuple[Float64, ChannelMoments]:
    """Returns the row's deviations z (C, B), cut, and the moments after it.

    A row is judged before it is learnt:

        s = max(sqrt(v), floor (hi - lo), least)     z = (x - m) / s
        w = s clip(z, -pull, pull)                   m += a w      v += a (w^2 - v)
        y = clip(x, -reach, reach)
        hi = max(y, hi + forget (m - hi))            lo = min(y, lo + forget (m - lo))

    x: (C, B), scaled by constants of the training, finite. What stands on the
    right is as before the row.
    """
    mean, variance, high, low = state
    span = high - low
    scale = np.maximum(np.maximum(np.sqrt(variance), span * rates.floor), rates.least)
    z = (x - mean) / scale
    pulled = np.minimum(np.maximum(z, -rates.pull), rates.pull) * scale
    seen = np.minimum(np.maximum(x, -rates.reach), rates.reach)
    after = ChannelMoments(
        mean + rates.learn * pulled,
        variance + rates.learn * (pulled * pulled - variance),
        np.maximum(seen, high + rates.forget * (mean - high)),
        np.minimum(seen, low + rates.forget * (mean - low)),
    )
    return np.minimum(np.maximum(z, -rates.cut), rates.cut), after


def in_channel_order(parts: Float64) -> Float64:
    """Returns the sum (B,) over the channels of (C, B), from the first to the last.

    np.sum chooses its order by the shape, so that a stream alone would differ
    from the same in a fleet; this has one order.
    """
    total: Float64 = np.cumsum(parts, axis=0)[-1]
    return total


def log_statistic(parts: Float64) -> Float64:
    """Returns l = ln(sum over channels + 0.001), (B,), of the parts z^2 (C, B)."""
    result: Float64 = np.log(in_channel_order(parts) + 1e-3)
    return result
