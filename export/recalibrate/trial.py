"""Two capsules on the same kept rows: how often each calls what was usual, and what was real."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.export.recalibrate.history import History
from stillwatch.runtime.alarms.events import EventPolicy, find_events
from stillwatch.runtime.detector import Detector

__all__ = ["Trial", "tried"]


@dataclass(frozen=True)
class Trial:
    """What a capsule does on rows.

    rows: that were usual. false: events that touch none of the real ones. alarms: of usual rows.
    cost: what these alarms cost, in events of the budget: a standing one costs an event an hour;
    without a judge each alarm one. real, hit: events that somebody called real, and how many of
    them an alarm touches.
    """

    rows: int
    false: int
    alarms: int
    cost: float
    real: int
    hit: int

    def worse_than(self, other: "Trial") -> str:
        """Returns in what it is worse, "" where it is not."""
        if self.hit < other.hit:
            return f"it misses {other.hit - self.hit} of {self.real} events that were real"
        if self.cost > other.cost:
            return f"its false alarms cost {self.cost:.1f} events in place of {other.cost:.1f}"
        return ""


def tried(detector: Detector, histories: Sequence[History]) -> Trial:
    """Returns what a detector does on the rows of streams, each judged by its default policy."""
    rows = false = alarms = real = hit = 0
    cost = 0.0
    for history in histories:
        if len(history.values) < detector.info.window:
            continue
        result = detector.score(history.values)
        events = find_events(result, detector.info.channel_names, EventPolicy())
        touched = [
            any(event.start <= last and event.end >= first for first, last in history.real)
            for event in events
        ]
        false += touched.count(False)
        rows += int(history.usual.sum())
        wrong = result.alarm & history.usual
        alarms += int(wrong.sum())
        cost += float(wrong.sum() if result.judged is None else result.judged.cost[wrong].sum())
        real += len(history.real)
        hit += sum(bool(result.alarm[first : last + 1].any()) for first, last in history.real)
    return Trial(rows=rows, false=false, alarms=alarms, cost=cost, real=real, hit=hit)
