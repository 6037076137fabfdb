"""Thresholds: from the errors of normal data to the score above which an alarm is raised."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.alarms.tails import fit_tail
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.figures import CapsuleThreshold, NormalScores
from stillwatch.runtime.scoring.windows import sliding_windows

__all__ = [
    "QUANTILES",
    "SIGMAS",
    "Threshold",
    "WindowThreshold",
    "error_quantiles",
    "mean_plus_sigmas",
    "normal_scores",
    "pick_sigmas",
    "quantile_threshold",
    "window_threshold",
]

SIGMAS = (2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0)
_FITTED_SHARE = 0.7  # of the normal scores: the rest, held out, picks the number of sigmas
_PICKED_RATE = 0.01  # of the held-out ones that may lie above
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold and the figures it was made from; scores above `value` are alarms."""

    rule: str
    value: float
    mean: float
    deviation: float
    sigmas: float
    count: int


def mean_plus_sigmas(scores: AnyArray, sigmas: float) -> Threshold:
    """Returns the threshold mean + sigmas * deviation of the scores of normal data.

    scores: any shape, at least one finite value; the deviation is that of the
    population (divided by n). Source: the three-sigma rule of the published
    nab-rds recipe.
    """
    flat = np.asarray(scores, dtype=np.float64).ravel()
    mean, deviation = float(flat.mean()), float(flat.std())
    return Threshold(
        rule=f"mean + {sigmas:g} standard deviations of the training errors",
        value=mean + sigmas * deviation,
        mean=mean,
        deviation=deviation,
        sigmas=sigmas,
        count=flat.size,
    )


@dataclass(frozen=True, kw_only=True)
class WindowThreshold:
    """The window rule: a window is anomalous with more than `count` scores above `value`.

    rate: the share of normal windows that may be called anomalous. windows:
    how many the figures come from.
    """

    rule: str
    value: float
    count: int
    rate: float
    windows: int


def window_threshold(scores: Float64, window: int, rate: float, step: int = 10) -> WindowThreshold:
    """Returns the window rule that calls at most `rate` of normal windows anomalous.

    scores: (T,), of held-out normal data. The threshold is the scores'
    (1 - rate) quantile; the count the smallest that keeps the rate over
    windows that begin every `step` rows.
    """
    value = float(np.quantile(scores, 1 - rate))
    windows = sliding_windows((scores > value)[:, None], window, step)[..., 0]
    above = np.sort(windows.sum(axis=1))[::-1]
    allowed = int(rate * len(above) + 1e-9)  # 0.29 * 100 is a hair below 29
    count = int(above[allowed])
    return WindowThreshold(
        rule=f"{1 - rate:g} quantile of normal scores, in windows with more than {count} above it",
        value=value,
        count=count,
        rate=rate,
        windows=len(above),
    )


def quantile_threshold(scores: Float64, rate: float) -> CapsuleThreshold:
    """Returns the rule that calls at most `rate` of the scores (T,) of normal data anomalous."""
    return CapsuleThreshold(
        rule=f"{1 - rate:g} quantile of normal scores",
        value=float(np.quantile(scores, 1 - rate)),
        count=len(scores),
        rate=rate,
    )


def error_quantiles(scores: AnyArray) -> dict[str, float]:
    """Returns the quantiles QUANTILES of the scores of normal data, by name."""
    values = np.quantile(np.asarray(scores, dtype=np.float64), QUANTILES)
    return {f"{q:g}": float(value) for q, value in zip(QUANTILES, values, strict=True)}


def pick_sigmas(scores: Float64, validation: Float64, rate: float) -> float:
    """Returns the fewest deviations above the mean of `scores` that few validation scores exceed.

    Of SIGMAS; at most `rate` of the validation scores, (T,), lie above, or it
    is the last of them. Both are of normal data.
    """
    mean, deviation = float(scores.mean()), float(scores.std())
    for sigmas in SIGMAS:
        if len(validation) and float((validation > mean + sigmas * deviation).mean()) <= rate:
            return sigmas
    return SIGMAS[-1]


def normal_scores(scores: AnyArray, run: int) -> NormalScores:
    """Returns what threshold policies want to know of the scores (T,) of normal data.

    Mean and deviation; how many deviations to take, picked on the last part,
    which the others are not of; and the tail, None where it cannot be fitted.
    run: as for `fit_tail`.
    """
    flat = np.asarray(scores, dtype=np.float64).ravel()
    tail = fit_tail(flat, run)
    split = max(1, int(len(flat) * _FITTED_SHARE))
    return NormalScores(
        mean=float(flat.mean()),
        deviation=float(flat.std()),
        sigmas=pick_sigmas(flat[:split], flat[split:], _PICKED_RATE),
        tail=tail,
    )
