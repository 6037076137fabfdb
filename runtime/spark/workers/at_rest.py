"""One sensor's rows at rest: what a task does with them, NumPy in and NumPy out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.events import Event, find_events
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.result import Result
from stillwatch.runtime.spark.workers.carried import Job
from stillwatch.runtime.spark.workers.columns import TIME, event_columns, no_answer, score_columns
from stillwatch.runtime.spark.workers.ordering import Ordered, filled, in_order

__all__ = ["Taken", "events_at_rest", "fills", "scores_at_rest", "take", "timed", "with_late"]


class Taken(NamedTuple):
    """A sensor's rows by time, and those that are taken: times (T,), values (T, C)."""

    ordered: Ordered
    times: AnyArray
    values: Float64


def take(job: Job, detector: Detector, times: AnyArray, values: Float64) -> Taken:
    """Returns the rows in order, repeats left out and gaps filled where that was asked for."""
    ordered = in_order(times, values)
    rows = ordered.values[~ordered.late]
    if fills(job, detector):
        rows = filled(rows, None, detector.info.channel_names)
    return Taken(ordered, ordered.times[~ordered.late], rows)


def scores_at_rest(job: Job, times: AnyArray, values: Float64) -> dict[str, AnyArray]:
    """Returns the columns of scores of rows (T, C) in whatever order, by time.

    A series with fewer rows than the model wants has no answers. Raises InputError.
    """
    detector = job.capsule.detector()
    taken = take(job, detector, times, values)
    result = _result(job, detector, taken.values)
    columns = score_columns(job, detector.info.channel_names, result)
    return with_late(columns, taken.ordered)


def events_at_rest(job: Job, times: AnyArray, values: Float64) -> dict[str, list[Any]]:
    """Returns the columns of the events of rows (T, C) in whatever order; raises InputError."""
    detector = job.capsule.detector()
    taken = take(job, detector, times, values)
    result = _result(job, detector, taken.values)
    answer = find_events(result, detector.info.channel_names, job.options.events)
    return event_columns(timed(answer, taken.times))


def timed(events: Sequence[Event], times: AnyArray) -> list[Event]:
    """Returns events whose places are times in place of row numbers."""
    return [
        event._replace(
            start=int(times[event.start]), end=int(times[event.end]), peak=int(times[event.peak])
        )
        for event in events
    ]


def fills(job: Job, detector: Detector) -> bool:
    """Whether a missing value takes the last one: as asked for, or as in training."""
    return job.options.fill or detector.info.training.missing == "forward"


def with_late(columns: dict[str, AnyArray], ordered: Ordered) -> dict[str, AnyArray]:
    """Returns the columns with the rows that came too late at their places: no answer, `late`."""
    if not ordered.late.any():
        return {TIME: ordered.times, **columns}
    spread: dict[str, AnyArray] = {TIME: ordered.times}
    for name, taken in columns.items():
        fill: Any = np.nan if taken.dtype.kind == "f" else name == "late"
        spread[name] = np.full(len(ordered.late), fill, taken.dtype)
        spread[name][~ordered.late] = taken
    return spread


def _result(job: Job, detector: Detector, values: Float64) -> Result:
    info = detector.info
    options = job.options
    history = 0 if options.mean is not None else info.scaling.history
    if len(values) >= history + (1 if info.state else info.window):
        return replace(detector.score(values, **job.detector_options()), origin=None)
    if not np.isfinite(values).all():
        raise InputError("expected finite numbers, got a missing value; fill=True fills forward")
    judged = alarm_rule(options.threshold, info).budget is not None
    return no_answer(len(values), len(info.channels), judged)
