"""The times that lines say: read, and in order."""

import math
from datetime import UTC, datetime

from stillwatch.runtime.errors import InputError

__all__ = ["Clock", "read_seconds"]

_SHOWN = 80  # characters of a bad time that its error line repeats


class Clock:
    """Checks that samples come in the order of their times, and counts the missing ones."""

    def __init__(self, period: float | None) -> None:
        """period: seconds between two samples, where missing ones are to be counted."""
        self._period = period
        self.last: float | None = None

    def missing(self, seconds: float | None) -> int:
        """Returns how many samples are missing before this one; raises InputError for its order."""
        if seconds is None or self.last is None:
            return 0
        if seconds <= self.last:
            which = "repeated" if seconds == self.last else "backward"
            raise InputError(f"{which} time: expected one after the last line's")
        if self._period is None:
            return 0
        return max(0, round((seconds - self.last) / self._period) - 1)


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
