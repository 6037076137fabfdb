"""How well scores of a machine meet its labels. Pure functions; higher scores are more anomalous.

Windows follow one another without overlap; one is anomalous if any of its
rows is labelled, and called if more than `count` of its scores are above the
threshold. No point adjustment anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from sklearn.metrics import average_precision_score

from stillwatch.benchmarks.detection.counts import Count, count_points
from stillwatch.benchmarks.detection.vus import vus_pr
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.train.data.sets.smd import Incident

__all__ = [
    "BUFFER",
    "Evaluated",
    "Oracle",
    "called_windows",
    "evaluate",
    "hit_rate",
    "labelled_windows",
    "oracle",
]

BUFFER = 100  # rows, of VUS-PR: one window

_ORACLE_THRESHOLDS = 100


@dataclass(frozen=True)
class Oracle:
    """The best window F1 that any threshold and count reach on the test labels themselves."""

    f1: float
    threshold: float
    count: int


def called_windows(score: AnyArray, window: int, threshold: float, count: int) -> Bool:
    """Returns (T // window,): the windows with more than `count` scores above the threshold."""
    whole = len(score) // window * window
    called: Bool = (score[:whole].reshape(-1, window) > threshold).sum(axis=1) > count
    return called


def labelled_windows(labels: Bool, window: int) -> Bool:
    """Returns (T // window,): the windows with a labelled row."""
    whole = len(labels) // window * window
    return np.asarray(labels[:whole].reshape(-1, window).any(axis=1))


def oracle(labels: Bool, score: AnyArray, window: int, judged: float) -> Oracle:
    """Returns the rule of the best window F1, chosen on the test labels: a bound, not a result.

    Every count, and thresholds at quantiles of the score and at `judged`, the
    threshold of the rule that the bound stands beside.
    """
    truth = labelled_windows(labels, window)
    by_window = score[: len(truth) * window].reshape(-1, window)
    best = Oracle(0.0, float("inf"), 0)
    grid = np.quantile(score, np.linspace(0.5, 0.9999, _ORACLE_THRESHOLDS))
    for threshold in np.unique(np.append(grid, judged)):
        above = (by_window > threshold).sum(axis=1)
        called = above[:, None] > np.arange(window)  # windows by counts
        hits = called[truth].sum(axis=0)
        f1 = 2 * hits / np.maximum(1, called.sum(axis=0) + truth.sum())
        if f1.max() > best.f1:
            best = Oracle(float(f1.max()), float(threshold), int(f1.argmax()))
    return best


def hit_rate(incidents: Sequence[Incident], error: AnyArray, share: float) -> float:
    """Returns HitRate@share: how many of an incident's channels are among the ranked first.

    error: (T, C). Channels are ranked by their mean error over the incident;
    the first share * |channels at fault| of them are looked at. Mean over
    incidents. Source: Su et al., "Robust Anomaly Detection for Multivariate
    Time Series through Stochastic Recurrent Neural Network" (KDD 2019).
    """
    rates = []
    for incident in incidents:
        ranked = np.argsort(-error[incident.first : incident.end].mean(axis=0), kind="stable")
        looked_at = ranked[: int(share * len(incident.channels))]
        rates.append(len(np.intersect1d(looked_at, incident.channels)) / len(incident.channels))
    return float(np.mean(rates))


class Evaluated(TypedDict):
    """Figures of a score against labels; what they are says `evaluate`."""

    precision: float
    recall: float
    f1: float
    oracle_f1: float
    ap: float
    vus_pr: float


def evaluate(labels: Bool, score: Float64, window: int, threshold: float, count: int) -> Evaluated:
    """Returns window precision, recall and F1, the oracle's F1, average precision and VUS-PR."""
    called = called_windows(score, window, threshold, count)
    result: Count = count_points(labelled_windows(labels, window), called)
    return {
        "precision": result.precision,
        "recall": result.recall,
        "f1": result.f1,
        "oracle_f1": oracle(labels, score, window, threshold).f1,
        "ap": float(average_precision_score(labels, score)),
        "vus_pr": vus_pr(labels, score, BUFFER),
    }
