"""VUS-PR: the volume under the precision-recall surface over thresholds and label buffers.

Source: Paparrizos, Boniol, Palpanas, Tsay, Elmore, Franklin, "Volume Under the
Surface: A New Accuracy Evaluation Measure for Time-Series Anomaly Detection",
PVLDB 15 (2022). Held to the figures of aeon's `range_pr_vus_score` by a test;
written anew because aeon takes 2.5 s for a machine's test series and pins
pandas, and this takes a tenth.
"""

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64

__all__ = ["vus_pr"]

_THRESHOLDS = 250  # of the authors' code: as many quantiles of the score


def vus_pr(labels: Bool, score: Float64, buffer: int = 100) -> float:
    """Returns the mean over buffers of 0 to `buffer` rows of the range-based area under PR.

    labels, score: (T,), with at least one label. Labels fade over half a
    buffer on each side of an anomaly, so a score that is a little early or
    late still counts.
    """
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    places = np.linspace(0, len(score) - 1, _THRESHOLDS).astype(int)
    thresholds = falling[places]
    # How many rows each threshold calls: all that are not below it, ties included.
    called = np.searchsorted(-falling, -thresholds, side="right")
    areas = [_area(labels, score, width, order, called, thresholds) for width in range(buffer + 1)]
    return float(np.mean(areas))


def _area(
    labels: Bool,
    score: Float64,
    width: int,
    order: np.ndarray[tuple[int], np.dtype[np.intp]],
    called: np.ndarray[tuple[int], np.dtype[np.intp]],
    thresholds: Float64,
) -> float:
    """Returns the area under precision and recall with labels that fade over `width` rows."""
    soft = _faded(labels, width)
    hits = np.cumsum(soft[order])[called - 1]
    positives = (labels.sum() + soft.sum()) / 2
    peaks = np.array([score[first : last + 1].max() for first, last in _segments(soft > 0)])
    result = (peaks[None] >= thresholds[:, None]).mean(axis=1)
    recall = np.concatenate([[0.0], np.minimum(hits / positives, 1) * result])
    precision = np.concatenate([[1.0], hits / called])
    return float(np.sum(np.diff(recall) * (precision[1:] + precision[:-1]) / 2))


def _faded(labels: Bool, width: int) -> Float64:
    """Returns labels that fall off as sqrt(1 - distance / width) up to width // 2 rows away.

    One row less on the later side, as the authors' code has it.
    """
    soft = labels.astype(np.float64)
    for first, last in _segments(labels):
        for distance in range(1, width // 2 + 1):
            height = np.sqrt(1 - distance / width)
            if distance < width // 2 and last + distance < len(soft):
                soft[last + distance] += height
            if first - distance >= 0:
                soft[first - distance] += height
    return np.minimum(soft, 1)


def _segments(labels: Bool) -> list[tuple[int, int]]:
    """Returns first and last row of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], labels, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]
