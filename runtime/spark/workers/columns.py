"""The columns that come back: names and types, and results as arrays by those names."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.events import Event
from stillwatch.runtime.alarms.judged import Judged
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.result import Result
from stillwatch.runtime.scoring.model import Answers
from stillwatch.runtime.spark.workers.carried import Job

__all__ = [
    "EVENT_TIMES",
    "TIME",
    "Field",
    "event_columns",
    "event_fields",
    "no_answer",
    "score_columns",
    "score_fields",
    "values_name",
]

# Of a row, while it is among workers. No name begins with an underscore: Spark makes tuples of
# a stream's rows, whose fields may not.
TIME = "stillwatch_time"
EVENT_TIMES = ("start", "end", "peak")


class Field(NamedTuple):
    """A column: its name, and its type as Spark's DDL has it."""

    name: str
    kind: str


_EVENTS = (
    Field("score", "double"),
    Field("alarms", "bigint"),
    Field("channels", "array<struct<channel:string,share:double>>"),
    Field("ended", "boolean"),
    Field("cause", "string"),
    Field("cost", "double"),
    Field("learnt", "boolean"),
)


def event_fields(time_kind: str) -> tuple[Field, ...]:
    """Returns the columns of events; time_kind: the type of times among workers."""
    return (*(Field(name, time_kind) for name in EVENT_TIMES), *_EVENTS)


def values_name(channel: int) -> str:
    """Returns what a channel's column is called while it is among workers."""
    return f"stillwatch_value_{channel}"


def score_fields(job: Job, info: CapsuleInfo) -> tuple[Field, ...]:
    """Returns the columns of scores, as `Result.to_frame` has them, and `late`."""
    judged = alarm_rule(job.options.threshold, info).budget is not None
    fields = [Field("score", "float"), Field("alarm", "boolean"), Field("late", "boolean")]
    fields += [Field("surprise", "double")] if judged else []
    for what in job.options.figures:
        fields += [Field(name, "float") for name in _by_channel(what, info.channel_names)]
    return tuple(fields)


def score_columns(job: Job, names: Sequence[str], result: Result) -> dict[str, AnyArray]:
    """Returns a result's columns (T,), NaN where there is no answer yet."""
    columns: dict[str, AnyArray] = {"score": result.score, "alarm": result.alarm}
    columns["late"] = np.zeros(len(result.score), bool)
    if result.surprise is not None:
        columns["surprise"] = result.surprise
    for what in job.options.figures:
        figures = getattr(result, what).reshape(len(result.score), len(names))
        for channel, name in enumerate(_by_channel(what, names)):
            columns[name] = figures[:, channel]
    return columns


def no_answer(rows: int, channels: int, judged: bool) -> Result:
    """Returns the result of rows that have no answer: too few of them, or too late."""
    blank = Result(*(array[0] for array in Answers.none(1, rows, channels).arrays()))
    if not judged:
        return blank
    return replace(blank, judged=Judged.none(1, rows, channels).of_stream(0))


def event_columns(events: Iterable[Event]) -> dict[str, list[Any]]:
    """Returns events as columns, by the names of `event_fields`."""
    result = list(events)
    columns: dict[str, list[Any]] = {}
    for name in (*EVENT_TIMES, *(field.name for field in _EVENTS)):
        columns[name] = [getattr(event, name) for event in result]
    columns["channels"] = [
        [{"channel": name, "share": share} for name, share in event.channels] for event in result
    ]
    return columns


def _by_channel(what: str, names: Sequence[str]) -> list[str]:
    return [what] if len(names) == 1 else [f"{what}_{name}" for name in names]
