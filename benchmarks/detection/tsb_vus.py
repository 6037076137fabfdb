"""VUS-PR as the TSB-AD benchmark defines it, which is not quite as its authors first did.

Source: Q. Liu and J. Paparrizos, "The Elephant in the Room: Towards a Reliable
Time-Series Anomaly Detection Benchmark" (NeurIPS 2024), and the code that is
published with it. Against `vus`: buffers run to the period of the first
channel, in place of 100; the area is summed with each step's own precision, in
place of trapezoids; and of the rows beside an anomaly only those that are
called count as positives.
"""

import numpy as np
from scipy.signal import argrelextrema

from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["period", "tsb_vus_pr"]

_THRESHOLDS = 250
_LAGS, _FIRST_LAG, _MOST_ROWS = 400, 3, 20_000
_LONGEST, _USUAL = 300, 125  # a period beyond the first, or none, counts as the second


def period(values: Float64) -> int:
    """Returns the lag of the highest local maximum of the autocorrelation of values (T,)."""
    centred = values[:_MOST_ROWS] - values[:_MOST_ROWS].mean()
    spectrum = np.abs(np.fft.rfft(centred, 2 * len(centred))) ** 2
    correlation = np.fft.irfft(spectrum)[_FIRST_LAG : _LAGS + 1]
    peaks = argrelextrema(correlation, np.greater)[0]
    if not len(peaks):
        return _USUAL
    highest = int(peaks[np.argmax(correlation[peaks])])
    return highest + _FIRST_LAG if _FIRST_LAG <= highest <= _LONGEST else _USUAL


def tsb_vus_pr(labels: Bool, score: AnyArray, buffer: int) -> float:
    """Returns the mean over buffers of 0 to `buffer` rows of the range-based area under PR.

    labels, score: (T,), with at least one label.
    """
    order = np.argsort(-score, kind="stable")
    thresholds = score[order][np.linspace(0, len(score) - 1, _THRESHOLDS).astype(int)]
    called = np.searchsorted(-score[order], -thresholds, side="right")
    spans = _spans(labels)
    areas = [_area(labels, score, width, spans, order, called) for width in range(buffer + 1)]
    return float(np.mean(areas))


def _area(
    labels: Bool,
    score: AnyArray,
    width: int,
    spans: list[tuple[int, int]],
    order: AnyArray,
    called: AnyArray,
) -> float:
    beside = np.where(labels, 0.0, _faded(labels, width, spans))
    reached = np.cumsum(beside[order])[called - 1]
    hits = np.cumsum(labels[order])[called - 1] + reached
    recall = np.minimum(hits / (labels.sum() + reached / 2), 1)
    peaks = np.sort([score[a : b + 1].max() for a, b in _merged(spans, width, len(labels))])
    thresholds = score[order][called - 1]
    result = 1 - np.searchsorted(peaks, thresholds, side="left") / len(peaks)
    steps = np.diff(recall * result, prepend=0.0)
    return float(np.sum(steps * hits / called))


def _faded(labels: Bool, width: int, spans: list[tuple[int, int]]) -> Float64:
    """Returns labels that fall off as sqrt(1 - distance / width) up to width // 2 rows away."""
    soft = labels.astype(np.float64)
    distance = np.arange(1, width // 2 + 1)
    height = np.sqrt(1 - distance / max(width, 1))
    for first, last in spans:
        after, before = last + distance, first - distance
        soft[after[after < len(soft)]] += height[after < len(soft)]
        soft[before[before >= 0]] += height[before >= 0]
    return np.minimum(soft, 1)


def _merged(spans: list[tuple[int, int]], width: int, rows: int) -> list[tuple[int, int]]:
    """Returns the spans, half a buffer longer on each side; those that meet are one."""
    half = width // 2
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        begin, end = max(first - half, 0), min(last + half, rows - 1)
        if merged and merged[-1][1] >= first - half:
            begin = merged.pop()[0]
        merged.append((begin, end))
    return merged


def _spans(labels: Bool) -> list[tuple[int, int]]:
    """Returns first and last row of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], labels, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]
