"""Which column says when a row was taken: a named one, or one told by name and content."""

import re
from collections.abc import Collection

import numpy as np

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.cells import is_time
from stillwatch.runtime.tables.frame import Column, Frame
from stillwatch.runtime.tables.header import find_column
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.times.axis import TimeAxis
from stillwatch.runtime.tables.times.parsing import epoch_unit, read_times

__all__ = ["named_time", "recognised_time"]

# A column of numbers is the time if its name says this and nothing else, and it looks it.
_TIMES = frozenset(
    [
        *("time", "times", "timestamp", "timestamps", "stamp", "date", "datetime", "ts", "t"),
        *("epoch", "unix", "unixtime", "utc", "ds", "when", "zeit", "datum", "zeitstempel"),
    ]
)
_BESIDE = frozenset(
    ["s", "sec", "second", "seconds", "ms", "milliseconds", "us", "ns", "event", "local", "sample"]
)
_REPEATS = 0.5  # share of rows that repeat a time: dates without a time of day, say


def named_time(frame: Frame, options: ReadOptions) -> TimeAxis:
    """Returns the times in the column that the options name; raises InputError."""
    name = options.time_column or ""
    place = find_column(frame.names, name, frame.name, "name the right one with --time-column")
    column = frame.columns[place]
    missing = np.flatnonzero(np.isnan(column.numbers if column.seconds is None else column.seconds))
    if column.seconds is not None or not len(column.text):
        if len(missing):
            raise InputError(f"{frame.at(int(missing[0]))}, column {name!r}: there is no time")
        return _numeric(column)
    axis, problem = _from_text(frame, place, options)
    if axis is None:
        raise InputError(problem)
    return axis


def recognised_time(
    frame: Frame, options: ReadOptions, taken: Collection[str]
) -> tuple[TimeAxis | None, dict[str, str]]:
    """Returns the first column of times, and why others that look like it are not read.

    taken: columns that are for something else.
    """
    result: TimeAxis | None = None
    unread: dict[str, str] = {}
    for place, column in enumerate(frame.columns):
        if column.name in taken or frame.names.count(column.name) > 1:
            continue
        axis: TimeAxis | None = None
        if column.seconds is not None:
            whole = not np.isnan(column.seconds).any()
            axis, why = (_numeric(column), "") if whole else (None, "times, some of them missing")
        elif column.numeric and not len(column.text):
            if not _named_so(column.name) or not _looks_so(column):
                continue
            axis, why = _numeric(column), ""
        elif len(column.text) and is_time(frame.records.cells(int(column.text[0]))[place]):
            axis, why = _from_text(frame, place, options)
        else:
            continue
        if axis is not None and _repeats(axis):
            axis, why = None, "times most of which repeat: not used as such"
        if axis is None:
            unread[column.name] = why
        elif result is None:
            result = axis
        else:
            unread[column.name] = f"times, as in {result.name}"
    return result, unread


def _repeats(axis: TimeAxis) -> bool:
    return len(axis.values) > 1 and float(np.mean(np.diff(axis.values) == 0)) > _REPEATS


def _named_so(name: str) -> bool:
    words = set(re.findall("[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold()))
    return bool(words & _TIMES) and words <= _TIMES | _BESIDE


def _looks_so(column: Column) -> bool:
    numbers = column.numbers
    if not np.isfinite(numbers).all():
        return False
    return epoch_unit(numbers) is not None or bool((np.diff(numbers) >= 0).all())


def _numeric(column: Column) -> TimeAxis:
    if column.seconds is not None:
        return TimeAxis(name=column.name, values=column.seconds, form="times", dated=True)
    unit = epoch_unit(column.numbers)
    if unit is None:
        return TimeAxis(name=column.name, values=column.numbers, form="numbers", dated=False)
    values = column.numbers / unit[0]
    return TimeAxis(name=column.name, values=values, form=f"{unit[1]} since 1970", dated=True)


def _from_text(frame: Frame, place: int, options: ReadOptions) -> tuple[TimeAxis | None, str]:
    """Returns the times in a column of text, or why it holds none."""
    column = frame.columns[place]
    try:
        seconds, bad = read_times(frame.records.column(place), day_first=options.day_first)
    except InputError as error:
        return None, f"times that are not read: {error}"
    if bad:
        cell = frame.records.cells(bad[0])[place]
        return None, (
            f"{frame.at(bad[0])}, column {column.name!r}: expected a time in ISO 8601 or a number, "
            f"got {cell!r}"
        )
    return TimeAxis(name=column.name, values=seconds, form="dates", dated=True), ""
