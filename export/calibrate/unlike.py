"""Rows of the normal data that look unlike the rest: an incident that nobody took out."""

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.scoring.distance import fit_mahalanobis

__all__ = ["stretches", "unlike_rows"]

# Chosen on the normal parts of machines 1-7, 2-1, 2-2 and 2-7, of which few rows are so: single
# high rows are the tail that a threshold is to know of, a stretch of them is an incident.
_SPREADS = 4.0
_LEAST_SPREAD = 0.1  # nats; of scores that hardly differ
_SHORTEST = 10  # high rows of a stretch
_JOINED = 10  # calm rows that do not end it
_MOST = 0.05  # of the rows: what is more often than that is how these data are
_FOLDS = 10


def unlike_rows(features: Float64, shrinkage: float) -> Bool:
    """Returns which rows of the features (T, F) are in a stretch that looks unlike all others.

    A row is high where ln(score) > upper quartile + 4 (upper - lower quartile), its
    score by a distance that was fitted without that tenth of the rows: one
    that had seen an incident would think it usual. None where more than 5 %
    of the rows would be.
    """
    logs = np.log(_held_out_scores(features, shrinkage) + 1e-3)
    lower, upper = np.quantile(logs, [0.25, 0.75])
    high = logs > upper + _SPREADS * max(float(upper - lower), _LEAST_SPREAD)
    unlike = np.zeros(len(logs), bool)
    for first, last in stretches(high):
        if high[first : last + 1].sum() >= _SHORTEST:
            unlike[first : last + 1] = True
    return unlike if unlike.mean() <= _MOST else np.zeros(len(logs), bool)


def stretches(rows: Bool) -> list[tuple[int, int]]:
    """Returns first and last row of each stretch of True, the longest first."""
    places = np.flatnonzero(rows)
    if not len(places):
        return []
    cuts = np.flatnonzero(np.diff(places) > _JOINED) + 1
    result = [(int(part[0]), int(part[-1])) for part in np.split(places, cuts)]
    return sorted(result, key=lambda span: span[0] - span[1])


def _held_out_scores(features: Float64, shrinkage: float) -> Float64:
    """Returns the score of each row (T,) by a distance fitted on the other tenths of the rows."""
    scores = np.empty(len(features))
    for part in np.array_split(np.arange(len(features)), min(_FOLDS, len(features) // 2)):
        others = np.delete(features, part, axis=0)
        scores[part] = fit_mahalanobis(others, shrinkage).score(features[part])
    return scores
