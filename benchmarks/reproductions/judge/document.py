"""The results of `stillwatch reproduce judge` as a document, and its two tables."""

from collections.abc import Sequence
from typing import TypedDict

__all__ = ["SERIES_HEADER", "Cost", "Results", "Series", "cost_table", "series_rows"]

SERIES_HEADER = (
    "series", "rows", "channels", "alarms", "alarms that differ", "of the same float32 values",
    "largest difference in surprise",
)  # fmt: skip


class Cost(TypedDict):
    """Microseconds of a row of so many streams, by the way that it goes, and times NumPy's."""

    channels: int
    streams: int
    microseconds: dict[str, float]
    times_numpy: dict[str, float]


class Series(TypedDict):
    """How the alarms of the graph and of the runtime compare; same: of the same float32 values."""

    series: str
    rows: int
    channels: int
    alarms: int
    events: int
    alarms_differ: int
    same_alarms_differ: int
    same_marks_differ: int
    same_largest: float


class Results(TypedDict):
    """The document."""

    command: str
    budget: str
    machine: dict[str, object]
    cost: list[Cost]
    agreement: list[Series]


def cost_table(rows: Sequence[Cost]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Returns header and rows: microseconds, and in brackets times the NumPy judge's."""
    names = list(dict.fromkeys(name for row in rows for name in row["microseconds"]))
    cells = [
        (str(row["channels"]), f"{row['streams']:,}", *(_cost(row, name) for name in names))
        for row in rows
    ]
    return ("channels", "streams", *names), cells


def series_rows(rows: Sequence[Series]) -> list[tuple[str, ...]]:
    """Returns the rows of SERIES_HEADER."""
    return [
        (
            row["series"],
            f"{row['rows']:,}",
            str(row["channels"]),
            str(row["alarms"]),
            str(row["alarms_differ"]),
            str(row["same_alarms_differ"]),
            f"{row['same_largest']:.2g}",
        )
        for row in rows
    ]


def _cost(row: Cost, name: str) -> str:
    if name not in row["microseconds"]:
        return ""
    return f"{row['microseconds'][name]:,.1f} ({row['times_numpy'][name]:.2f})"
