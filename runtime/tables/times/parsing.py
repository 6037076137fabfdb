"""Times in cells: ISO 8601 with or without zones, numbers since an epoch, dates day or month first.

Seconds since 1970 come out, UTC where a time says no zone.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError

__all__ = ["epoch_unit", "read_time", "read_times"]

_ORDER = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ]+(.*))?")
_PARTS = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(.*))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})([.,]\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?", re.I)
# What numbers count from 1970, by how large those of 1990 to 2100 are.
_EPOCHS = ((1.0, "seconds"), (1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds"))
_FIRST, _LAST = 6.3e8, 4.11e9  # seconds


def epoch_unit(numbers: Float64) -> tuple[float, str] | None:
    """Returns how many of the numbers' unit make a second, and its name; None: no epoch's times."""
    if not len(numbers) or not np.isfinite(numbers).all():
        return None
    low, high = float(numbers.min()), float(numbers.max())
    for unit, name in _EPOCHS:
        if _FIRST * unit <= low and high <= _LAST * unit:
            return unit, name
    return None


def read_times(cells: Sequence[str], *, day_first: bool | None) -> tuple[Float64, list[int]]:
    """Returns text as seconds (T,), and the rows whose cell is no time (NaN in their place)."""
    whole = _all_alike(cells)
    if whole is not None:
        return whole, []
    seconds = np.empty(len(cells))
    bad = []
    for row, cell in enumerate(cells):
        try:
            seconds[row] = read_time(cell, day_first=day_first)
        except ValueError:
            seconds[row] = np.nan
            bad.append(row)
    return seconds, bad


def _all_alike(cells: Sequence[str]) -> Float64 | None:
    """Returns the seconds of cells that all are ISO 8601 to the second, no zone; else None.

    A million of them take a second so.
    """
    width = len(cells[0]) if cells else 0
    if width != len("2026-01-01 00:00:00"):
        return None
    try:
        text = np.array(cells, dtype="S")
        if text.dtype.itemsize != width:
            return None
        letters = text.view(np.uint8).reshape(len(cells), width)
        marks = [4, 7, 10, 13, 16]
        digits = np.delete(letters, marks, axis=1)
        separated = (letters[:, marks] == np.frombuffer(b"--T::", np.uint8)) | (
            letters[:, marks] == np.frombuffer(b"-- ::", np.uint8)
        )
        if not separated.all() or digits.min() < ord("0") or digits.max() > ord("9"):
            return None
        return text.astype("U").astype("datetime64[s]").astype(np.int64).astype(np.float64)
    except ValueError:  # a letter that ASCII has not, or a day that the month has not
        return None


def read_time(cell: str, *, day_first: bool | None = None) -> float:
    """Returns a date, with or without a time of day, in seconds since 1970.

    Raises ValueError for what is none, and InputError for one such as
    01/02/2026 where day_first does not say which of the two is the day.
    """
    cell = cell.strip()
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        moment = _by_parts(cell, day_first)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _by_parts(cell: str, day_first: bool | None) -> datetime:
    """Returns a date that is not ISO 8601 to the letter."""
    if match := _PARTS.fullmatch(cell):
        year, month, day, clock = match.groups()
    elif match := _ORDER.fullmatch(cell):
        one, _, two, year, clock = match.groups()
        if day_first is None:
            raise InputError(
                f"{cell!r} may begin with the day or with the month: --day-first or --month-first"
            )
        day, month = (one, two) if day_first else (two, one)
    else:
        raise ValueError(f"not a time: {cell!r}")
    moment = datetime(int(year), int(month), int(day))
    if not clock:
        return moment
    parts = _CLOCK.fullmatch(clock.strip())
    if parts is None:
        raise ValueError(f"not a time of day: {clock!r}")
    hour, minute, second, fraction, zone = parts.groups()
    moment = moment.replace(hour=int(hour), minute=int(minute), second=int(second or 0))
    if fraction:
        moment += timedelta(seconds=float("0." + fraction[1:]))
    return moment.replace(tzinfo=_zone(zone)) if zone else moment


def _zone(text: str) -> timezone:
    if text.upper() in ("Z", "UTC"):
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-away if text[0] == "-" else away)
