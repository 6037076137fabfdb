"""The official score of the Numenta Anomaly Benchmark, written anew from its published rules.

Source: A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly Detection
Algorithms: the Numenta Anomaly Benchmark" (ICMLA 2015), and the constants of
the scorer that is published with it. Held to the committed scores of its
detectors by `stillwatch reproduce nab --score`.

A detection in a labelled window is worth the scaled sigmoid of its place: the
first of a window counts, earlier ones more. A detection outside costs more the
farther behind the last window it is. One threshold serves all files: the one
with the highest sum. 0 is a detector that says nothing, 100 a perfect one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["PROFILES", "NabScore", "Profile", "Scored", "nab_at", "nab_score", "probation"]

_SHARE, _MOST = 0.15, 750  # of a file's rows: what a detector may learn on, unscored
_FAR = 3.0  # window widths behind a window, from which a false detection costs its all


@dataclass(frozen=True)
class Profile:
    """What a window found, a false detection, and a window missed are worth."""

    hit: float
    false: float
    missed: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP_rate": Profile(1.0, 0.22, 1.0),
    "reward_low_FN_rate": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True)
class Scored:
    """A file's anomaly scores (T,), and first and last row of its windows, both included."""

    scores: AnyArray
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class NabScore:
    """value: the normalised score. threshold: the scores from which on rows are detections.

    found: windows with a detection, of `windows`. false: detections outside.
    """

    value: float
    threshold: float
    found: int
    windows: int
    false: int


@dataclass(frozen=True)
class _Rows:
    """The scored rows of all files: scores, worth of a detection, and its window or -1; (T,)."""

    scores: Float64
    worth: Float64
    window: np.ndarray[tuple[int], np.dtype[np.int64]]
    windows: int


def probation(rows: int) -> int:
    """Returns how many rows at the head of a file are not scored: 15 %, at most 750."""
    return min(int(_SHARE * rows), _MOST)


def nab_score(files: Sequence[Scored], profile: Profile) -> NabScore:
    """Returns the score at the threshold that is best over all files; the highest of equals."""
    rows = _rows(files, profile)
    order = np.argsort(-rows.scores, kind="stable")
    scores = rows.scores[order]
    totals = np.cumsum(_gains(rows, order, profile))
    lasts = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # equal scores are called at once
    sums = np.append(0.0, totals[lasts])  # the first: nothing is called
    best = int(np.argmax(sums))
    threshold = float(scores[lasts[best - 1]]) if best else float("inf")
    return _summary(rows, profile, rows.scores >= threshold, threshold)


def nab_at(files: Sequence[Scored], profile: Profile, threshold: float) -> NabScore:
    """Returns the score of the files at a threshold that was chosen elsewhere."""
    rows = _rows(files, profile)
    return _summary(rows, profile, rows.scores >= threshold, threshold)


def _summary(rows: _Rows, profile: Profile, called: Bool, threshold: float) -> NabScore:
    order = np.flatnonzero(called)
    total = float(_gains(rows, order, profile).sum())
    perfect = rows.windows * (profile.hit + profile.missed)
    return NabScore(
        value=100 * total / perfect if perfect else 0.0,
        threshold=threshold,
        found=len(np.unique(rows.window[order][rows.window[order] >= 0])),
        windows=rows.windows,
        false=int((rows.window[order] < 0).sum()),
    )


def _gains(rows: _Rows, order: AnyArray, profile: Profile) -> Float64:
    """Returns by how much each row of the order raises the sum over a detector that is silent."""
    worth, window = rows.worth[order], rows.window[order]
    gains = np.where(window < 0, worth, 0.0)
    for number in np.unique(window[window >= 0]):
        at = np.flatnonzero(window == number)
        best = np.maximum.accumulate(worth[at])
        gains[at] = np.diff(best, prepend=-profile.missed)
    return gains


def _rows(files: Sequence[Scored], profile: Profile) -> _Rows:
    scores, worth, window = [], [], []
    windows = 0
    for file in files:
        start = probation(len(file.scores))
        value, inside = _places(file.windows, len(file.scores))
        weighed = value * np.where(inside >= 0, profile.hit / _sigmoid(-1.0), profile.false)
        scores.append(np.asarray(file.scores, np.float64)[start:])
        worth.append(weighed[start:])
        window.append(np.where(inside >= 0, inside + windows, -1)[start:])
        windows += len(file.windows)
    return _Rows(np.concatenate(scores), np.concatenate(worth), np.concatenate(window), windows)


def _places(windows: Sequence[tuple[int, int]], rows: int) -> tuple[Float64, AnyArray]:
    """Returns the sigmoid of each row's place (T,), and its window, -1 for none."""
    value = np.full(rows, -1.0)  # before the first window
    inside = np.full(rows, -1)
    row = np.arange(rows)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        value[first : last + 1] = _sigmoid((row[first : last + 1] - last - 1) / width)
        inside[first : last + 1] = number
        behind = (row[last + 1 :] - last) / max(width - 1, 1)
        value[last + 1 :] = np.where(behind > _FAR, -1.0, _sigmoid(behind))
    return value, inside


def _sigmoid(place: AnyArray | float) -> Float64:
    """Returns 2 / (1 + exp(5 place)) - 1: 0.987 at a window's first row, 0 behind its last."""
    result: Float64 = 2 / (1 + np.exp(5 * np.asarray(place, np.float64))) - 1
    return result
