"""What each column of a file is for: channel, time, labels, a counter, or something else.

Named columns are what they are named to be. The others are told by their
names and content together, and each is accounted for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.frame import Frame
from stillwatch.runtime.tables.header import find_column
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.times.axis import TimeAxis
from stillwatch.runtime.tables.times.column import named_time, recognised_time

__all__ = ["Assignment", "assign"]

_INDEX = {"", "index", "unnamed0", "level0", "indexlevel0", "id", "row", "rownumber", "no", "nr"}
_LABELS = {"label", "labels", "anomaly", "anomalies", "changepoint", "changepoints", "outlier",
           "isanomaly", "ischangepoint", "isoutlier", "groundtruth"}  # fmt: skip
_COUNTED = 10  # rows from which on a column of equal steps is a counter, whatever its name
_SHOWN = 8  # names of one kind that are listed
_CELL = 24  # characters of a cell that a remark repeats


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """channels: taken as such. left_out: the other columns, and why."""

    channels: tuple[str, ...]
    time: TimeAxis | None
    left_out: tuple[tuple[str, str], ...]

    def remarks(self, *, timing: bool = True) -> list[str]:
        """Returns which columns are channels, which not and why; with `timing`, what of times."""
        several = f"{len(self.channels)} channels" if len(self.channels) > 1 else "channel"
        lines = [f"{several}: {_listed(self.channels)}"]
        if self.time is not None:
            lines += self.time.remarks() if timing else [self.time.remarks()[0]]
        whys: dict[str, list[str]] = {}
        for name, why in self.left_out:
            whys.setdefault(why, []).append(name)
        if whys:
            parts = (f"{_listed(names)} ({why})" for why, names in whys.items())
            lines.append(f"not channels: {', '.join(parts)}")
        return lines


def assign(frame: Frame, options: ReadOptions, channels: Sequence[str] | None) -> Assignment:
    """Returns what the columns are for; raises InputError.

    channels: the columns to take; None: all that hold numbers and are for
    nothing else.
    """
    for name in options.exclude:
        find_column(frame.names, name, frame.name, "name the right one with --exclude")
    for name in channels or ():
        frame.column(name)
        if name in options.exclude:
            raise InputError(f"column {name!r} is both excluded and a channel")
    taken = {*options.exclude, *(channels or ())}
    time: TimeAxis | None
    unread: dict[str, str] = {}
    if options.time_column is not None:
        time = named_time(frame, options)
    else:
        time, unread = recognised_time(frame, options, taken)
    chosen: list[str] = []
    left_out: list[tuple[str, str]] = []
    for place, column in enumerate(frame.columns):
        if column.name in (channels or ()) or (time and column.name == time.name):
            continue
        why = "excluded" if column.name in options.exclude else unread.get(column.name)
        why = why or _why_not(frame, place)
        if why is None and channels is None:
            chosen.append(column.name)
        else:
            left_out.append((column.name or "the first column", why or "not asked for"))
    names = tuple(chosen if channels is None else channels)
    if not names:
        whys = ", ".join(f"{name!r} ({why})" for name, why in left_out)
        held = f"it has {whys}" if whys else "it has times alone"
        raise InputError(
            f"{frame.name} has no column of numbers for a channel: {held}; see --column"
        )
    return Assignment(channels=names, time=time, left_out=tuple(left_out))


def _why_not(frame: Frame, place: int) -> str | None:
    """Returns why a column is no channel; None if it may be one."""
    column = frame.columns[place]
    plain = re.sub(r"[^a-z0-9]", "", column.name.casefold())
    if plain in _LABELS:
        known = column.numbers[~np.isnan(column.numbers)]
        if len(column.text) or np.isin(known, (-1, 0, 1)).all():
            marked = f"; {int((known == 1).sum())} rows are 1" if len(known) else ""
            return f"labels{marked}"
    if not column.numeric:
        if not len(column.text):
            return "empty"
        cell = frame.records.cells(int(column.text[0]))[place]
        return f"text such as {cell[:_CELL]!r}"
    if _counts(column.numbers) and (plain in _INDEX or len(column.numbers) >= _COUNTED):
        return "it counts the rows"
    return None


def _counts(numbers: Float64) -> bool:
    """Whether numbers go up by the same whole number from row to row."""
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return False
    steps = np.diff(numbers)
    return bool(steps[0] > 0 and steps[0] % 1 == 0 and (steps == steps[0]).all())


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: _SHOWN - 1])}, ... {names[-1]}"
