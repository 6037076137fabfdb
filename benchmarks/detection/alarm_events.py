"""What an operator gets: false events a week, and which labelled events alarm as they happen.

An event is a run of alarms in which no more than `CALM` rows in a row are
calm. It is true if it begins within a labelled event, which is then hit;
else it is false, also where it reaches into one later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Bool

__all__ = ["CALM", "AlarmEvents", "alarm_events", "spans"]

CALM = 30  # rows
_WEEK = 604800.0  # seconds


@dataclass(frozen=True)
class AlarmEvents:
    """false_per_week: events that begin outside labels, a week of rows. hit: of `events`.

    covered: the share of normal rows that are under alarm.
    """

    false_per_week: float
    hit: int
    events: int
    covered: float


def alarm_events(labels: Bool, alarm: Bool, period: float) -> AlarmEvents:
    """Returns how alarms (T,) meet labels (T,), at so many seconds a row."""
    begins = np.array([first for first, _ in spans(alarm, CALM)], int)
    hit = sum(
        bool(((begins >= first) & (begins <= last)).any()) for first, last in spans(labels, 0)
    )
    false = int((~labels[begins]).sum())
    return AlarmEvents(
        false_per_week=false / (len(labels) * period / _WEEK),
        hit=hit,
        events=len(spans(labels, 0)),
        covered=float(alarm[~labels].mean()),
    )


def spans(flags: Bool, calm: int) -> Sequence[tuple[int, int]]:
    """Returns first and last True row of each run, which up to `calm` rows of False do not end."""
    rows = np.flatnonzero(flags)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > calm + 1)
    firsts, lasts = rows[np.append(0, cuts + 1)], rows[np.append(cuts, len(rows) - 1)]
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]
