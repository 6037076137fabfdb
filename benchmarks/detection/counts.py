"""How well alarms meet labels, counted in two ways. Pure functions.

Points: each row is right or wrong, as the published article counts. Windows:
an event is found if an alarm falls into its labelled window, and every alarm
outside all windows is a false one. No point adjustment anywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from sklearn.metrics import confusion_matrix

from stillwatch.runtime.arrays import Bool
from stillwatch.runtime.report.tables import Spread

__all__ = ["Count", "Counted", "count_points", "count_windows", "spread"]

_FALSE_ALARM_COST = 0.22  # of the article, after NAB's standard profile; a hit is worth 1


class Counted(TypedDict):
    """A `Count` and what follows from it, as a result's JSON has them."""

    tp: int
    fp: int
    fn: int
    tn: int | None
    precision: float
    recall: float
    f1: float
    nab: float


@dataclass(frozen=True)
class Count:
    """True and false positives and negatives; tn is None where windows were counted."""

    tp: int
    fp: int
    fn: int
    tn: int | None

    @property
    def precision(self) -> float:
        """Returns tp / (tp + fp), 0 without alarms."""
        return self.tp / max(1, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Returns tp / (tp + fn), 0 without labels."""
        return self.tp / max(1, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Returns 2 tp / (2 tp + fp + fn), 0 without alarms and labels."""
        return 2 * self.tp / max(1, 2 * self.tp + self.fp + self.fn)

    @property
    def nab(self) -> float:
        """Returns the article's NAB score in percent of the best possible.

        +1 a hit, -0.22 a false alarm, over the number of labels.
        """
        return 100 * (self.tp - _FALSE_ALARM_COST * self.fp) / max(1, self.tp + self.fn)

    def as_dict(self) -> Counted:
        """Returns counts and derived figures by name."""
        return {
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "tn": self.tn,
            "precision": round(self.precision, 6),
            "recall": round(self.recall, 6),
            "f1": round(self.f1, 6),
            "nab": round(self.nab, 6),
        }


def count_points(labels: Bool, alarm: Bool) -> Count:
    """Returns the counts over rows; labels and alarm are (T,)."""
    (tn, fp), (fn, tp) = confusion_matrix(labels, alarm, labels=[False, True])
    return Count(tp=int(tp), fp=int(fp), fn=int(fn), tn=int(tn))


def count_windows(windows: Sequence[tuple[int, int]], alarm: Bool) -> Count:
    """Returns the counts over events; windows hold first and last row, both included."""
    inside = np.zeros(len(alarm), bool)
    result = 0
    for first, last in windows:
        inside[first : last + 1] = True
        result += bool(alarm[first : last + 1].any())
    false = int((alarm & ~inside).sum())
    return Count(tp=result, fp=false, fn=len(windows) - result, tn=None)


def spread(figures: Iterable[float]) -> Spread:
    """Returns median, minimum and maximum of one figure over seeds."""
    values = list(figures)
    return {
        "median": float(np.median(values)),
        "min": float(np.min(values)),
        "max": float(np.max(values)),
    }
