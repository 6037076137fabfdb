"""The times that lines say: read, and in order."""

import math
from datetime import UTC, datetime
from typing import Any

from stillwatch.runtime.errors import InputError

__all__ = ["AGREEING", "Clock", "read_seconds"]

AGREEING = 3  # lines
_FAR, _FAR_PERIODS = 86_400.0, 1000  # seconds, and periods: the longer of them is far
_MOST = 2**53  # samples that can be missing
_SHOWN = 80  # characters of a bad time that its error line repeats


class Clock:
    """Checks that samples come in the order of their times, and counts the missing ones.

    A time far ahead of the last one, or far before all of this stretch, is that
    of a clock gone wrong, or put right: it is believed once AGREEING lines in a
    row are near each other there, and refused until then. So one line stamped in
    2100 does not silence all that follow it.
    """

    def __init__(self, period: float | None) -> None:
        """period: seconds between two samples, where missing ones are to be counted."""
        self._period = period
        self._far = max(_FAR, _FAR_PERIODS * (period or 0.0))
        self._first: float | None = None  # of this stretch
        self._last: float | None = None
        self._doubted: tuple[int, float] | None = None  # lines in a row, and when the last was

    @property
    def last(self) -> float | None:
        """The time of the last sample that was accepted, in seconds."""
        return self._last

    def missing(self, seconds: float | None) -> int:
        """Returns how many samples are missing before this one; raises InputError for its order."""
        if seconds is None or self._first is None or self._last is None:
            return 0
        if self._is_far(seconds):
            self._doubt(seconds)
            if seconds < self._first:
                return 0
        elif seconds <= self._last:
            which = "repeated" if seconds == self._last else "backward"
            raise InputError(f"{which} time: expected one after the last line's")
        if self._period is None:
            return 0
        return max(0, round(min((seconds - self._last) / self._period, _MOST)) - 1)

    def accept(self, seconds: float | None) -> None:
        """Takes note of a sample's time, which `missing` has let pass."""
        if seconds is None:
            return
        if self._first is None or self._is_far(seconds):
            self._first = seconds
        self._last, self._doubted = seconds, None

    def state(self) -> dict[str, Any]:
        """Returns what `restore` takes, as JSON has it."""
        return {"first": self._first, "last": self._last, "doubted": self._doubted}

    def restore(self, state: Any) -> None:
        """Goes on from a state; raises KeyError, TypeError or ValueError for none of ours."""
        if not isinstance(state, dict):  # of a stillwatch before 0.2: the last time, or None
            state = {"first": state, "last": state, "doubted": None}
        first, last = (None if t is None else float(t) for t in (state["first"], state["last"]))
        doubted = state["doubted"]
        self._doubted = None if doubted is None else (int(doubted[0]), float(doubted[1]))
        self._first, self._last = first, last

    def _is_far(self, seconds: float) -> bool:
        if self._first is None or self._last is None:
            return False
        return seconds - self._last > self._far or self._first - seconds > self._far

    def _doubt(self, seconds: float) -> None:
        """Raises InputError until enough lines in a row agree."""
        count, before = self._doubted or (0, seconds)
        agrees = 0 < seconds - before <= self._far
        count = count + 1 if agrees else 1
        self._doubted = (count, seconds)
        if count < AGREEING:
            raise InputError(
                f"a time far from the last line's: believed once {AGREEING} lines in a row agree, "
                f"this is number {count}"
            )


def read_seconds(given: object) -> float:
    """Returns a time in seconds: a number as it is, text by ISO 8601, UTC unless it says."""
    text = str(given).strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise InputError(
                f"expected a time in seconds or ISO 8601, got {text[:_SHOWN]!r}"
            ) from error
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise InputError(f"expected a time in seconds or ISO 8601, got {text[:_SHOWN]!r}")
    return seconds
