"""Events: one report of an incident in place of a thousand alarms.

An event is a run of alarms in which no more than `cooldown` rows in a row are
calm, with at least `minimum` alarms. It ends once more calm rows than that
have passed, or with the series.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.arrays import LARGEST, AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.result import Result

__all__ = ["Event", "EventPolicy", "EventTracker", "find_events"]

_NAMED = 3  # channels that an event names


@dataclass(frozen=True, kw_only=True)
class EventPolicy:
    """minimum: alarms that make an event. cooldown: calm rows that do not end it."""

    minimum: int = 1
    cooldown: int = 0

    def __post_init__(self) -> None:
        if self.minimum < 1 or self.cooldown < 0:
            raise InputError(
                f"expected a minimum length from 1 and a cool-down from 0, got {self.minimum} and "
                f"{self.cooldown}"
            )


class Event(NamedTuple):
    """start, end: where its first and last alarm are. peak: where its highest score is.

    channels: the channels that contributed most to the scores of its alarms,
    and their shares of these. ended: False while it may still go on.
    """

    start: Any
    end: Any
    peak: Any
    score: float
    alarms: int
    channels: tuple[tuple[str, float], ...]
    ended: bool


class EventTracker:
    """Takes rows in order and yields events as they begin and end; JSON holds its state."""

    def __init__(self, names: Sequence[str], policy: EventPolicy) -> None:
        """names: the channels."""
        self._names = tuple(names)
        self._policy = policy
        self._contribution: Float64 = np.zeros(len(self._names))
        self._clear()

    def update(self, at: Any, score: float, alarm: bool, contribution: AnyArray) -> Iterator[Event]:
        """Yields the event that this row begins or ends, if it does.

        at: where the row is, as the events will say: a number, a time, anything
        that JSON has. contribution: (C,).
        """
        if alarm:
            self._take(at, score, contribution)
            if self._alarms == self._policy.minimum:
                yield self._event(ended=False)
        elif self._alarms:
            self._calm += 1
            if self._calm > self._policy.cooldown:
                yield from self.finish()

    def finish(self) -> Iterator[Event]:
        """Yields the event that is still open, ended."""
        if self._alarms >= self._policy.minimum:
            yield self._event(ended=True)
        self._clear()

    def state(self) -> dict[str, Any]:
        """Returns what `restore` takes, as JSON has it."""
        return {
            "alarms": self._alarms,
            "calm": self._calm,
            "start": self._start,
            "end": self._end,
            "peak": self._peak,
            "score": self._score,
            "contribution": self._contribution.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; raises KeyError, TypeError or ValueError for none of ours."""
        # The last release blamed by error: an event that it began goes on from those.
        parts = state["errors"] if "errors" in state else state["contribution"]
        contribution = np.array(parts, np.float64)
        if contribution.shape != self._contribution.shape:
            raise ValueError(f"contributions of {len(contribution)} channels")
        self._alarms, self._calm = int(state["alarms"]), int(state["calm"])
        self._start, self._end, self._peak = state["start"], state["end"], state["peak"]
        self._score, self._contribution = float(state["score"]), contribution

    def _clear(self) -> None:
        self._alarms = self._calm = 0
        self._start = self._end = self._peak = None
        self._score = 0.0
        self._contribution = np.zeros(len(self._names))

    def _take(self, at: Any, score: float, contribution: AnyArray) -> None:
        if not self._alarms:
            self._start = at
        if not self._alarms or score > self._score:
            self._peak, self._score = at, score
        self._end = at
        self._alarms += 1
        self._calm = 0
        # Of a score that is no number the parts are none either: they blame nobody.
        self._contribution += np.nan_to_num(contribution, posinf=LARGEST).astype(np.float64)

    def _event(self, *, ended: bool) -> Event:
        total = float(self._contribution.sum()) or 1.0
        order = np.argsort(-self._contribution, kind="stable")[:_NAMED]
        shares = tuple((self._names[i], float(self._contribution[i]) / total) for i in order)
        return Event(self._start, self._end, self._peak, self._score, self._alarms, shares, ended)


def find_events(result: Result, names: Sequence[str], policy: EventPolicy) -> list[Event]:
    """Returns the events of a scored series, their places as row numbers from `result.start`."""
    tracker = EventTracker(names, policy)
    parts = result.contribution.reshape(len(result.score), len(names))
    found: list[Event] = []
    rows = zip(result.score.tolist(), result.alarm.tolist(), parts, strict=True)
    for row, (score, alarm, part) in enumerate(rows, start=result.start):
        found += tracker.update(row, score, alarm, part)
    found += tracker.finish()
    return [event for event in found if event.ended]
