"""Base thresholds: which level replayed normal rows exceed in so many events."""

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["MOST_EVENTS", "base_level", "event_levels"]

MOST_EVENTS = 512  # levels that are kept: more events than that no budget allows


def event_levels(levels: Float64, calm: int, most: int = MOST_EVENTS) -> tuple[float, ...]:
    """Returns, for 0, 1, 2, ... events, the lowest level that `levels` (T,) exceed in so many.

    An event is a run of rows above in which no more than `calm` rows in a row are
    not. Going down from the highest level, entry n is the first at which there
    would be more than n events; after the last entry the lowest level serves.
    """
    result: list[float] = []
    above = np.zeros(len(levels), bool)
    events = 0
    for row in np.argsort(-levels, kind="stable").tolist():
        before = np.flatnonzero(above[max(0, row - calm - 1) : row][::-1])
        after = np.flatnonzero(above[row + 1 : row + calm + 2])
        events += 1 - bool(len(before)) - bool(len(after))
        if len(before) and len(after) and before[0] + after[0] + 2 <= calm + 1:
            events += 1  # they were one event already
        above[row] = True
        while len(result) < events:
            result.append(float(levels[row]))
        if len(result) > most:
            break
    return tuple(result[: most + 1])


def base_level(levels: tuple[float, ...], weeks: float, budget: float) -> float:
    """Returns the base threshold for a budget of events a week.

    levels: of `event_levels`, over so many weeks.
    """
    allowed = int(budget * weeks + 1e-9)  # 0.29 * 100 is a hair below 29
    return levels[min(allowed, len(levels) - 1)]
