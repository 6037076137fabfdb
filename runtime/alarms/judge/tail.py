"""Surprise: how rare a residual is, in nats, from a tail that is learnt as it goes.

A generalised Pareto tail above a high quantile, both followed online, with an
extremal index for residuals that come in clusters. Sources: S. Coles, An
Introduction to Statistical Modeling of Extreme Values (2001), sections 4.3
and 5.3.2; the quantile is a stochastic approximation (H. Robbins and S. Monro,
1951). Arrays are (B,), peaks (32, B); several residuals at once, (K, B), do as well.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.state import ordered_mean
from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = [
    "LOGARITHMS",
    "TailRule",
    "TailState",
    "familiarity",
    "start_tail",
    "surprise",
    "tail_step",
]


@dataclass(frozen=True, kw_only=True)
class TailRule:
    """The constants of a residual's tail.

    quantile: q. least: of the mean excess, for all residuals or (K, 1), for
    each. pseudo: rows that the moments of the excess begin with. most: times its
    mean that an excess counts. gap: rows that end a cluster. first: exceedances and
    clusters to begin with. shape: least and most of xi. aged: rows at which more rows make nothing
    less surprising. longest: rows after which the tail adapts no slower.
    alike: the share of a value that what is like it reaches. forgives: nats
    for each e-fold of what was like it.
    """

    quantile: float = 0.93
    least: float | Float64 = 0.01
    pseudo: float = 20.0
    most: float = 5.0
    gap: float = 12.0
    first: float = 5.0
    shape: tuple[float, float] = (1e-4, 0.5)
    aged: float = 600.0
    longest: float = 50_000.0
    peaks: int = 32
    alike: float = 0.9
    forgives: float = 3.0


class TailState(NamedTuple):
    """A tail, (B,) each, and the peaks (P, B).

    level: u. mean, square: m1 and m2 of the excess. rows: t. calm: rows since
    the last exceedance. top: the highest of the open cluster. peaks: the
    highest of all closed ones, the highest first.
    """

    level: Float64
    mean: Float64
    square: Float64
    rows: Float64
    exceedances: Float64
    clusters: Float64
    calm: Float64
    top: Float64
    peaks: Float64


def start_tail(residuals: Float64, rule: TailRule) -> TailState:
    """Returns the tail (B,) after the first residuals (T, B): quantile, excesses and peaks.

    The peaks of their clusters are remembered, so that what they show often is
    familiar from the start.
    """
    rows, shape = len(residuals), residuals.shape[1:]
    level = np.quantile(residuals, rule.quantile, axis=0)
    excess = np.maximum(residuals - level, 0.0)
    # The mean of those above, which may be none.
    share = np.maximum(ordered_mean((excess > 0).astype(np.float64)), 0.5 / rows)
    mean = np.maximum(ordered_mean(excess) / share, rule.least)
    square = np.maximum(ordered_mean(excess * excess) / share, 2 * mean * mean)

    def all_at(figure: float) -> Float64:
        return np.full(shape, figure)

    return TailState(
        level=level,
        mean=mean,
        square=square,
        rows=all_at(min(rows, rule.longest)),
        exceedances=all_at(rule.first),
        clusters=all_at(rule.first),
        calm=all_at(rule.gap + 1),
        top=all_at(0.0),
        peaks=np.zeros((rule.peaks, *shape)),
    )


def surprise(state: TailState, x: Float64, rule: TailRule) -> Float64:
    """Returns how rare the residuals x (B,) are, in nats; 0 up to the threshold u.

    s = -ln(1 - q) + ln(1 + xi e / sigma) / xi - ln(clusters / exceedances) / 2
        - ln(t / 600) / 2, at least 0
    e = x - u     xi = clip((1 - m1^2 / (m2 - m1^2)) / 2, 1e-4, 0.5)     sigma = m1 (1 - xi)
    """
    squared = state.mean * state.mean
    ratio = squared / np.maximum(state.square - squared, 1e-12 * squared)
    xi = np.minimum(np.maximum((1 - ratio) / 2, rule.shape[0]), rule.shape[1])
    excess = np.maximum(x - state.level, 0.0)
    pareto = np.log(1 + xi * excess / (state.mean * (1 - xi))) / xi
    # Two logarithms in one: halves of clusters / exceedances and of t / 600.
    counts = np.log(state.clusters / state.exceedances * (state.rows / rule.aged))
    result = np.maximum(pareto - counts / 2 - math.log(1 - rule.quantile), 0.0)
    return np.where(x > state.level, result, 0.0)


def familiarity(state: TailState, x: Float64, rule: TailRule) -> Float64:
    """Returns what of the surprise is forgiven (B,), in nats: 3 ln(1 + N).

    N: remembered peaks of at least 0.9 x. What has happened before surprises less.
    """
    count = (state.peaks >= rule.alike * x).sum(axis=0)
    result: Float64 = rule.forgives * LOGARITHMS[count]
    return result


def tail_step(state: TailState, x: Float64, rule: TailRule) -> tuple[Float64, TailState]:
    """Returns the surprise of residuals x (B,), familiar ones forgiven, and the tail after them.

    The residual is judged before it is learnt. With c = min(e, 5 m1):

        exceeded: u += m1 q / ((1 - q) t)     m1 += (c - m1) / n     m2 += (c^2 - m2) / n
        else:     u -= m1 / t

    n: 20 and the exceedances so far. After more than 12 calm rows an
    exceedance begins a cluster; the peak of the last one is remembered then.
    """
    over = x > state.level
    result = np.zeros_like(x)
    rows = np.minimum(state.rows + 1, rule.longest)
    calm = state.calm + 1
    closing = (calm > rule.gap) & (state.top > 0)
    peaks = _remembered(state.peaks, np.where(closing, state.top, 0.0), closing)
    top = np.where(closing, 0.0, state.top)
    level = state.level - state.mean / rows
    after = TailState(
        level, state.mean, state.square, rows, state.exceedances, state.clusters, calm, top, peaks
    )
    if not over.any():  # most rows, of one stream
        return result, after
    at = np.nonzero(over)
    here: Any = (slice(None), *at)
    few = TailState(*[*(array[at] for array in state[:-1]), peaks[here]])
    high = x[at]
    result[at] = np.maximum(surprise(few, high, rule) - familiarity(few, high, rule), 0.0)
    counted = np.minimum(high - few.level, rule.most * few.mean)
    share = 1 / (rule.pseudo + few.exceedances - rule.first + 1)
    gain = rule.quantile / (1 - rule.quantile)
    after.level[at] = few.level + few.mean * gain / rows[at]
    mean, square = few.mean, few.square
    least = np.broadcast_to(rule.least, x.shape)[at]
    updated = {
        "mean": np.maximum(mean + share * (counted - mean), least),
        "square": square + share * (counted * counted - square),
        "exceedances": np.minimum(few.exceedances + 1, rule.longest),
        "clusters": few.clusters + (few.calm + 1 > rule.gap),
        "calm": np.zeros_like(high),
        "top": np.maximum(top[at], high),
    }
    return result, after._replace(
        **{name: _put(getattr(after, name), at, values) for name, values in updated.items()}
    )


# The logarithms of 1 and the count of peaks; the count is never larger.
LOGARITHMS = np.log(1.0 + np.arange(64))


def _clusters(residuals: Float64, level: Float64, rule: TailRule) -> dict[str, Float64]:
    """Returns calm rows, top of the open cluster, and peaks of the closed ones, of a tail's start.

    As `tail_step` would have them, but at one level.
    """
    streams = residuals.shape[1]
    calm, top = np.full(streams, rule.gap + 1), np.zeros(streams)
    peaks = np.zeros((rule.peaks, streams))
    for x in residuals:
        calm = calm + 1
        closing = (calm > rule.gap) & (top > 0)
        peaks = _remembered(peaks, np.where(closing, top, 0.0), closing)
        top = np.where(closing, 0.0, top)
        over = x > level
        calm, top = np.where(over, 0.0, calm), np.where(over, np.maximum(top, x), top)
    return {"calm": calm, "top": top, "peaks": peaks}


def _put(array: Float64, at: tuple[AnyArray, ...], values: Float64) -> Float64:
    result = array.copy()
    result[at] = values
    return result


def _remembered(peaks: Float64, peak: Float64, closing: Bool) -> Float64:
    """Returns the highest peaks (P, B), sorted, with one more where a cluster has closed.

    By insertion, max(p, min(p above, peak)), not by sorting.
    """
    if not closing.any():
        return peaks
    at = np.nonzero(closing)
    here: Any = (slice(None), *at)
    few = peaks[here]
    above = np.concatenate([np.full((1, few.shape[1]), np.inf), few[:-1]])
    result = peaks.copy()
    result[here] = np.maximum(few, np.minimum(above, peak[at]))
    return result
