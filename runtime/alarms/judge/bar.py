"""Fusion of surprises, and the bar that lets one event alarm once. Arrays are (B,)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["Bar", "BarState", "bar_step", "fused", "start_bar"]


class BarState(NamedTuple):
    """height: b, above which a surprise counts. held: rows for which it yet stands."""

    height: Float64
    held: Float64


@dataclass(frozen=True, kw_only=True)
class Bar:
    """rows: P, of the slow means. least: what a surprise must reach to raise the bar.

    above: nats by which the next must exceed it. most: nats that it stands on.
    """

    rows: float
    least: float = 3.1
    above: float = 3.0
    most: float = 30.0

    @property
    def hold(self) -> float:
        """Rows for which the bar stands, and in which it then falls to 1/e: 0.3 P."""
        return 0.3 * self.rows


def start_bar(streams: int) -> BarState:
    """Returns no bar."""
    return BarState(np.zeros(streams), np.zeros(streams))


def fused(surprises: Float64) -> Float64:
    """Returns S = sqrt(sum of s^2), (B,), of surprises (K, B), from the first to the last."""
    total: Float64 = np.sqrt(np.cumsum(surprises * surprises, axis=0)[-1])
    return total


def bar_step(state: BarState, surprise: Float64, bar: Bar) -> tuple[Float64, BarState]:
    """Returns the surprise (B,) as far as it counts, and the bar after it.

    counts: S > b, else 0
    where it counts and S > 3.1:  b = min(S, 30) + 3, held for 0.3 P rows
    else, once it is held no more: b *= exp(-1 / (0.3 P))
    """
    counts = surprise > state.height
    raises = counts & (surprise > bar.least)
    fading = np.where(state.held > 0, state.height, state.height * math.exp(-1 / bar.hold))
    height = np.where(raises, np.minimum(surprise, bar.most) + bar.above, fading)
    held = np.where(raises, bar.hold, np.maximum(state.held - 1, 0.0))
    return np.where(counts, surprise, 0.0), BarState(height, held)
