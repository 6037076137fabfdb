"""Calendar terms of times: computed here, in training and at the edge alike.

A term is where a time stands in its cycle, as sine and cosine, so that the
cycle's end lies beside its beginning.
"""

from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.errors import ConfigError

__all__ = ["CALENDAR_TERMS", "TERM_WIDTH", "calendar_terms", "check_terms"]

CALENDAR_TERMS = ("hour", "weekday", "year")
TERM_WIDTH = 2  # a sine and a cosine
_DAY = np.timedelta64(1, "D")


def calendar_terms(times: AnyArray, terms: Sequence[str]) -> Float32:
    """Returns the terms (T, 2 * len(terms)) of times (T,) datetime64, in the order asked for.

    "hour": the time of day. "weekday": the time of the week, from Monday.
    "year": the time of the year.
    """
    check_terms(terms)
    turns = [2 * np.pi * _share(times, term) for term in terms]
    columns = [wave for turn in turns for wave in (np.sin(turn), np.cos(turn))]
    empty = np.empty((len(times), 0), np.float32)
    return np.stack(columns, axis=1).astype(np.float32) if columns else empty


def check_terms(terms: Sequence[str]) -> None:
    """Raises ConfigError for a term that is none, or comes twice."""
    if not set(terms) <= set(CALENDAR_TERMS) or len(set(terms)) < len(terms):
        raise ConfigError(
            f"expected calendar terms of {', '.join(CALENDAR_TERMS)}, each once, "
            f"got {', '.join(map(repr, terms))}"
        )


def _share(times: AnyArray, term: str) -> Float64:
    """Returns how much of its cycle each time has behind it, from 0 to below 1."""
    days = times.astype("datetime64[D]")
    if term == "year":
        year = times.astype("datetime64[Y]")
        begin, end = (y.astype("datetime64[D]") for y in (year, year + 1))
        share: Float64 = (times - begin) / (end - begin)
        return share
    of_day: Float64 = (times - days) / _DAY
    if term == "hour":
        return of_day
    # 1970-01-01, the zero of datetime64, was a Thursday.
    of_week: Float64 = ((days.astype(np.int64) + 3) % 7 + of_day) / 7
    return of_week
