"""The times of a regular series: their step, what breaks it, and how it goes on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError

__all__ = ["Step", "like", "parse_times", "step_of"]

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_SECONDS = re.compile(r"\d\d:\d\d:\d\d")
_FEWEST = 3  # times that a step can be told from


@dataclass(frozen=True, kw_only=True)
class Step:
    """From one row to the next: whole months, or microseconds; the other is 0."""

    months: int = 0
    microseconds: int = 0

    def __str__(self) -> str:
        """As in "30 minutes"."""
        if self.months:
            return _counted(self.months, "month")
        seconds = self.microseconds / 1e6
        for unit, size in _UNITS:
            if seconds % size == 0:
                return _counted(int(seconds // size), unit)
        return f"{seconds:g} seconds"

    def after(self, time: np.datetime64, count: int) -> AnyArray:
        """Returns the `count` times after `time`, datetime64[us]."""
        return self._away(time, np.arange(1, count + 1))

    def before(self, time: np.datetime64, count: int) -> AnyArray:
        """Returns the `count` times that end with `time`, datetime64[us]."""
        return self._away(time, np.arange(1 - count, 1))

    def _away(self, time: np.datetime64, ahead: npt.NDArray[np.int64]) -> AnyArray:
        if not self.months:
            begin = time.astype("datetime64[us]")
            times: AnyArray = begin + ahead * np.timedelta64(self.microseconds, "us")
            return times
        month = time.astype("datetime64[M]")
        into = time.astype("datetime64[us]") - month.astype("datetime64[us]")
        times = (month + ahead * self.months).astype("datetime64[us]")
        far: AnyArray = times + into
        return far


def parse_times(cells: Sequence[str], where: str) -> AnyArray:
    """Returns times (T,) datetime64[us] of cells in ISO 8601; an offset from UTC is taken off.

    Raises InputError naming the first cell that is no time.
    """
    parsed = []
    for row, cell in enumerate(cells):
        try:
            time = datetime.fromisoformat(cell.strip())
        except ValueError as error:
            raise InputError(
                f"{where}, row {row + 1}: expected a time in ISO 8601, such as "
                f"2024-01-31 06:00, got {cell!r}"
            ) from error
        parsed.append(time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time)
    return np.array(parsed, "datetime64[us]")


def step_of(times: AnyArray, where: str) -> Step:
    """Returns the step of regular times (T,); raises InputError naming the first that is not."""
    if len(times) < _FEWEST:
        raise InputError(f"{where}: expected {_FEWEST} rows or more, got {len(times)}")
    months = _months(times)
    if months:
        return Step(months=months)
    steps = np.diff(times).astype(np.int64)
    usual = int(np.median(steps))
    wrong = np.flatnonzero(steps != usual)
    if usual <= 0 or len(wrong):
        row = int(wrong[0]) if len(wrong) else 0
        raise InputError(
            f"{where}: times are not regular: row {row + 2} comes "
            f"{_distance(int(steps[row]))} the one before it, where the usual step is "
            f"{Step(microseconds=max(usual, 1))} ({len(wrong)} such in all); sort, fill or "
            "resample the rows"
        )
    return Step(microseconds=usual)


def like(times: AnyArray, cell: str) -> list[str]:
    """Returns times as text in the form of `cell`: date alone, a space or a T, with seconds or not.

    What had an offset is written in UTC, as it was read.
    """
    cell = cell.strip()
    midnight = bool((times == times.astype("datetime64[D]")).all())
    fraction = bool((times != times.astype("datetime64[s]")).any())
    seconds = _SECONDS.search(cell) is not None or bool(
        (times != times.astype("datetime64[m]")).any()
    )
    unit: Literal["us", "s", "m"] = "us" if fraction else "s" if seconds else "m"
    if len(cell) == len("2024-01-31") and midnight:
        return [str(text) for text in np.datetime_as_string(times, unit="D")]
    texts = np.datetime_as_string(times, unit=unit)
    zone = "Z" if re.search(r"(Z|[+-]\d\d:?\d\d)$", cell[10:]) else ""
    return [str(text).replace("T", cell[10:11] or " ") + zone for text in texts]


def _months(times: AnyArray) -> int:
    """Returns the step in months of times that all lie alike in their months, or 0."""
    month = times.astype("datetime64[M]")
    steps = np.diff(month.astype(np.int64))
    into = times - month.astype("datetime64[us]")
    regular = steps[0] > 0 and (steps == steps[0]).all() and (into == into[0]).all()
    return int(steps[0]) if regular else 0


def _distance(microseconds: int) -> str:
    if microseconds < 0:
        return f"{Step(microseconds=-microseconds)} before"
    return f"{Step(microseconds=microseconds)} after" if microseconds else "at the same time as"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"
