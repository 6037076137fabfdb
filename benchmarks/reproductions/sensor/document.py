"""What `reproduce sensor` writes into its results.json, and the table as text."""

from collections.abc import Iterable
from typing import Any, Literal, NotRequired, TypedDict

from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread, spread_text

__all__ = [
    "HEADER",
    "Check",
    "Framework",
    "Results",
    "SubjectResults",
    "SummaryRow",
    "sensor_rows",
]

HEADER = ("", "score", "parameters", "P", "R", "F1", "F1, oracle", "VUS-PR", "AP")

_Figure = Literal["precision", "recall", "f1", "oracle_f1", "vus_pr", "ap"]
_SHOWN: tuple[_Figure, ...] = ("precision", "recall", "f1", "oracle_f1", "vus_pr", "ap")


class SummaryRow(TypedDict):
    """A model under a score: its figures' spread over seeds."""

    row: str
    score: str
    parameters: int | None
    seeds: int
    precision: Spread
    recall: Spread
    f1: Spread
    oracle_f1: Spread
    vus_pr: Spread
    ap: Spread


class Framework(TypedDict):
    """How far one framework is from onnxruntime, as `verification.Agreement` says."""

    framework: str
    largest: float
    mean: float
    flips: int
    beyond_rounding: float
    passed: bool


class Check(TypedDict):
    """How the frameworks agree on one seed's network over the whole test. absent: why, by name."""

    golden: float
    golden_passed: bool
    alarms: int
    frameworks: list[Framework]
    absent: dict[str, str]


class SubjectResults(TypedDict):
    """One subject. seeds: a row a network and score; beside: rows of 'reproduce smd'."""

    name: str
    channels: int
    training_rows: int
    test_rows: int
    labelled_rows: int
    config: dict[str, Any]
    parameters: int
    summary: list[SummaryRow]
    seeds: list[dict[str, Any]]
    agreement: list[Check]
    curves: list[dict[str, list[float]]]
    beside: NotRequired[list[SummaryRow]]


class Results(Provenance):
    """The whole document."""

    subjects: list[SubjectResults]


def sensor_rows(subject: SubjectResults) -> list[tuple[str, ...]]:
    """Returns a row a model and score, over one subject: median over seeds (min to max)."""
    rows: Iterable[SummaryRow] = (*subject.get("beside", ()), *subject["summary"])
    return [
        (
            row["row"],
            row["score"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            *(spread_text(row[figure], 2) for figure in _SHOWN),
        )
        for row in rows
    ]
