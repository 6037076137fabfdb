"""Events: one report of an incident in place of a thousand alarms.

An event is a run of alarms in which no more than `cooldown` rows in a row are
calm, with at least `minimum` alarms. It ends once more calm rows than that
have passed, or with the series. A judge says itself where its events begin and
end, so that a standing alarm is one event whatever the cool-down.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judged import ENDS, LEARNT, NO_NUMBER
from stillwatch.runtime.arrays import LARGEST, AnyArray, Float64
from stillwatch.runtime.errors import InputError

if TYPE_CHECKING:
    from stillwatch.runtime.result import Result  # which draws itself with its events

__all__ = ["Event", "EventPolicy", "EventTracker", "Ruling", "find_events", "rulings"]

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
    and their shares of these. ended: False while it may still go on. cause:
    the channel that contributed most to its first row, or why there was no
    number. Of a judge: cost, in events of the budget; learnt: its event is
    over, and the level it left is the new normal.
    """

    start: Any
    end: Any
    peak: Any
    score: float
    alarms: int
    channels: tuple[tuple[str, float], ...]
    ended: bool
    cause: str = ""
    cost: float = 0.0
    learnt: bool = False


class Ruling(NamedTuple):
    """What a judge says of a row beside its alarm: bits of a mark, and the row's cost."""

    mark: int
    cost: float


class EventTracker:
    """Takes rows in order and yields events as they begin and end; JSON holds its state."""

    def __init__(self, names: Sequence[str], policy: EventPolicy) -> None:
        """names: the channels."""
        self._names = tuple(names)
        self._policy = policy
        self._contribution: Float64 = np.zeros(len(self._names))
        self._over = False  # a judge says that it has ended
        self._last: Event | None = None  # the last one that ended: its level may yet be learnt
        self._clear()

    def update(
        self,
        at: Any,
        score: float,
        alarm: bool,
        contribution: AnyArray,
        ruling: Ruling | None = None,
    ) -> Iterator[Event]:
        """Yields the event that this row begins or ends, or whose level is learnt with it.

        at: where the row is, as the events will say: a number, a time, anything
        that JSON has. contribution: (C,). ruling: where there is a judge.
        """
        if alarm:
            self._cost += ruling.cost if ruling else 0.0
            self._take(at, score, contribution, ruling)
            if self._alarms == self._policy.minimum:
                yield self._event(ended=False)
        elif self._alarms:
            self._calm += 1
            self._over = self._over or ruling is None or bool(ruling.mark & ENDS)
            if self._over and self._calm > self._policy.cooldown:
                yield from self.finish()
        if ruling and ruling.mark & LEARNT and self._last is not None:
            yield self._last._replace(learnt=True)
            self._last = None

    @property
    def is_open(self) -> bool:
        """Whether alarms have come that are not over."""
        return self._alarms > 0

    def finish(self) -> Iterator[Event]:
        """Yields the event that is still open, ended."""
        if self._alarms >= self._policy.minimum:
            self._last = self._event(ended=True)
            yield self._last
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
            "cause": self._cause,
            "cost": self._cost,
            "over": self._over,
            "last": self._last and list(self._last),
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
        self._cause, self._cost = str(state.get("cause", "")), float(state.get("cost", 0.0))
        self._over, last = state.get("over", False) is True, state.get("last")
        self._last = None
        if last is not None:
            event = Event(*last)
            shares = tuple((str(name), float(share)) for name, share in event.channels)
            self._last = event._replace(channels=shares)

    def _clear(self) -> None:
        self._alarms = self._calm = 0
        self._start = self._end = self._peak = None
        self._score = self._cost = 0.0
        self._cause, self._over = "", False
        self._contribution = np.zeros(len(self._names))

    def _take(self, at: Any, score: float, contribution: AnyArray, ruling: Ruling | None) -> None:
        parts = np.nan_to_num(contribution, posinf=LARGEST).astype(np.float64)
        if not self._alarms:
            self._start = at
            self._cause = self._names[int(parts.argmax())]
            if math.isnan(score) or (ruling and ruling.mark & NO_NUMBER):
                self._cause = "no number"
        if not self._alarms or score > self._score:
            self._peak, self._score = at, score
        self._end = at
        self._alarms += 1
        self._calm, self._over = 0, False
        # Of a score that is no number the parts are none either: they blame nobody.
        self._contribution += parts

    def _event(self, *, ended: bool) -> Event:
        total = float(self._contribution.sum()) or 1.0
        order = np.argsort(-self._contribution, kind="stable")[:_NAMED]
        shares = tuple((self._names[i], float(self._contribution[i]) / total) for i in order)
        return Event(
            start=self._start,
            end=self._end,
            peak=self._peak,
            score=self._score,
            alarms=self._alarms,
            channels=shares,
            ended=ended,
            cause=self._cause,
            cost=self._cost,
        )


def rulings(result: "Result") -> Iterator[Ruling | None]:
    """Yields what a judge says of each row of a result, (T,); None where none was asked."""
    if result.judged is None:
        yield from (None for _ in result.score)
        return
    columns = (result.judged.mark.tolist(), result.judged.cost.tolist())
    yield from (Ruling(mark, cost) for mark, cost in zip(*columns, strict=True))


def find_events(result: "Result", names: Sequence[str], policy: EventPolicy) -> list[Event]:
    """Returns the events of a scored series, their places as row numbers from `result.start`."""
    tracker = EventTracker(names, policy)
    parts = result.blame.reshape(len(result.score), len(names))
    answer: dict[int, Event] = {}
    rows = zip(result.score.tolist(), result.alarm.tolist(), parts, rulings(result), strict=True)
    for row, (score, alarm, part, ruling) in enumerate(rows, start=result.start):
        for event in tracker.update(row, score, alarm, part, ruling):
            answer[event.start] = event
    answer |= {event.start: event for event in tracker.finish()}
    return [event for event in answer.values() if event.ended]
