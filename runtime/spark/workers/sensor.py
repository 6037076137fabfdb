"""One sensor's stream between two batches: its state as a row, NumPy in and NumPy out."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.events import Event, EventTracker, rulings
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import SnapshotError
from stillwatch.runtime.result import Result
from stillwatch.runtime.spark.workers.at_rest import fills
from stillwatch.runtime.spark.workers.carried import Job
from stillwatch.runtime.spark.workers.columns import TIME, event_columns, no_answer, score_columns
from stillwatch.runtime.spark.workers.ordering import NEVER, filled, in_order

__all__ = ["STATE", "SavedSensor", "SensorStream"]

# A column a part, so that a state can be read with Spark's own state reader.
STATE = "stream binary, waiting binary, last bigint, row binary, events string"


class SavedSensor(NamedTuple):
    """A sensor's state as its row in the store.

    stream: the snapshot. waiting: the times of the rows without an answer yet, int64. last: the
    time of the last row that was taken. row: its values, float64, where gaps are filled. events:
    the event that may still go on, as JSON; empty where nobody asked for events.
    """

    stream: bytes
    waiting: bytes
    last: int
    row: bytes
    events: str


class SensorStream:
    """A sensor's stream over a job's detector, which answers batch by batch."""

    def __init__(self, job: Job, saved: SavedSensor | None = None, *, events: bool = False) -> None:
        """saved: to go on from; raises SnapshotError. events: answer with events, not scores."""
        self._job = job
        self._detector = job.capsule.detector()
        self._names = self._detector.info.channel_names
        self._waiting: AnyArray = np.empty(0, np.int64)
        self.last = NEVER
        self._row: Float64 | None = None
        self._tracker = EventTracker(self._names, job.options.events) if events else None
        if saved is None:
            self._stream = self._detector.stream(**job.detector_options())
            return
        self._stream = self._detector.stream(bytes(saved.stream))
        self._waiting = np.frombuffer(bytes(saved.waiting), np.int64)
        self.last = saved.last
        if saved.row:
            self._row = np.frombuffer(bytes(saved.row), np.float64)
        if self._tracker is not None:
            try:
                self._tracker.restore(json.loads(saved.events))
            except (KeyError, TypeError, ValueError) as error:
                raise SnapshotError(
                    f"the sensor's state has no event to go on with: {error}"
                ) from error

    def take(self, times: AnyArray, values: Float64) -> Iterator[dict[str, Any]]:
        """Yields the columns that a batch's rows bring, (T,) and (T, C) in whatever order.

        Rows that come too late are answered so, and change nothing. Raises InputError.
        """
        ordered = in_order(times, values, self.last)
        late = ordered.times[ordered.late]
        if len(late) and self._tracker is None:
            yield self._unanswered(late, late=True)
        rows = ordered.values[~ordered.late]
        if not len(rows):
            return
        if fills(self._job, self._detector):
            rows = filled(rows, self._row, self._names)
            self._row = rows[-1]
        result = self._stream.extend(rows)
        taken = ordered.times[~ordered.late]
        self.last = int(taken[-1])
        self._waiting = np.concatenate([self._waiting, taken])
        yield from self._answers(result)

    def finish(self) -> Iterator[dict[str, Any]]:
        """Yields the columns of the rows that still wait, and ends the event that is open."""
        if self._stream.pending:
            yield from self._answers(self._stream.finish())
        if len(self._waiting) and self._tracker is None:  # fewer than a window in all
            yield self._unanswered(self._waiting, late=False)
        if self._tracker is not None:
            yield event_columns(self._tracker.finish())

    def saved(self) -> SavedSensor:
        """Returns the state, to be stored."""
        return SavedSensor(
            stream=self._stream.snapshot(),
            waiting=self._waiting.astype(np.int64).tobytes(),
            last=self.last,
            row=b"" if self._row is None else self._row.tobytes(),
            events="" if self._tracker is None else json.dumps(self._tracker.state()),
        )

    def _answers(self, result: Result) -> Iterator[dict[str, Any]]:
        rows = len(result.score)
        times, self._waiting = self._waiting[:rows], self._waiting[rows:]
        if not rows:
            return
        if self._tracker is None:
            yield {TIME: times, **score_columns(self._job, self._names, result)}
        else:
            yield event_columns(self._events(self._tracker, times, result))

    def _events(self, tracker: EventTracker, times: AnyArray, result: Result) -> Iterator[Event]:
        parts = result.blame.reshape(len(times), len(self._names))
        rows = zip(
            times.tolist(),
            result.score.tolist(),
            result.alarm.tolist(),
            parts,
            rulings(result),
            strict=True,
        )
        for time, score, alarm, part, ruling in rows:
            yield from tracker.update(time, score, alarm, part, ruling)

    def _unanswered(self, times: AnyArray, *, late: bool) -> dict[str, Any]:
        rule = alarm_rule(self._job.options.threshold, self._detector.info)
        blank = no_answer(len(times), len(self._names), rule.budget is not None)
        columns = score_columns(self._job, self._names, blank)
        return {TIME: times, **columns, "late": np.full(len(times), late)}
