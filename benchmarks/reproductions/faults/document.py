"""What `reproduce faults` writes into its results.json, and the table as text."""

from collections.abc import Sequence
from typing import TypedDict

from stillwatch.runtime.report.machine import Provenance

__all__ = ["HEADER", "FaultRow", "FaultSummary", "Results", "fault_rows"]

HEADER = ("", "fault", "planted", "detected", "right sensor first", "HitRate")


class FaultRow(TypedDict):
    """One planted fault under one detector."""

    detector: str
    fault: str
    channel: int
    seed: int
    detected: bool
    right: bool


class FaultSummary(TypedDict):
    """A detector and a kind of fault. right, hit_rate: of those detected."""

    detector: str
    fault: str
    planted: int
    detected: int
    right: int
    hit_rate: float


class Results(Provenance):
    """The whole document."""

    seeds: int
    budget: float
    summary: list[FaultSummary]
    rows: list[FaultRow]


def fault_rows(summary: Sequence[FaultSummary]) -> list[tuple[str, ...]]:
    """Returns a row a detector and kind of fault, and one for all kinds."""
    return [
        (
            row["detector"],
            row["fault"],
            str(row["planted"]),
            str(row["detected"]),
            str(row["right"]),
            f"{100 * row['hit_rate']:.0f} %",
        )
        for row in summary
    ]
