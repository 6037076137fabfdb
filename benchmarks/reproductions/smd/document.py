"""What `reproduce smd` writes into its results.json, and the table as text."""

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

from stillwatch.benchmarks.detection.windows import Evaluated
from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread, spread_text

__all__ = [
    "CORE_HEADER",
    "ERROR",
    "HEADER",
    "LEVEL",
    "ROBUST_SCORE",
    "Ablations",
    "CapsuleFigures",
    "Figures",
    "JudgedRow",
    "PublishedRow",
    "Results",
    "Row",
    "ScoredFigures",
    "SummaryRow",
    "core_rows",
    "smd_rows",
]

# What a row's score is taken of: as capsules ship, as they did before that, and as published.
ROBUST_SCORE, LEVEL, ERROR = "robust", "error and level", "error"

HEADER = (
    *("", "score", "parameters", "of teacher", "P", "R", "F1", "F1, oracle"),
    *("VUS-PR", "AP", "agrees", "HitRate@100%", "HitRate@100%, error"),
)
CORE_HEADER = (
    *("", "score", "parameters", "of teacher", "P", "R", "F1", "VUS-PR", "agrees", "HitRate"),
    *("HitRate, error", "F1, others", "VUS-PR, others"),
)


class Figures(Evaluated):
    """How scores meet a machine's labels. called: the windows, left out of the file.

    hit_rate: of channels ranked by error; contribution_hit_rate: by what they add to the score.
    """

    hit_rate_100: float
    hit_rate_150: float
    contribution_hit_rate_100: float
    contribution_hit_rate_150: float
    called: list[int]
    windows: int


class ScoredFigures(Figures):
    """The same, under one kind of score."""

    score: str


class CapsuleFigures(ScoredFigures):
    """The same, of a capsule of so many bytes."""

    bytes: int


class JudgedRow(ScoredFigures):
    """One network, or baseline, on one machine."""

    row: str
    seed: int
    machine: str
    parameters: int | None


class Row(JudgedRow):
    """The same. agreement: share of windows in which its call is the teacher's."""

    agreement: float


class SummaryRow(TypedDict):
    """A model under a score: macro averages over machines, and their spread over seeds.

    Rows that are kept of an earlier run may have no HitRate by contribution.
    """

    row: str
    score: str
    parameters: int | None
    seeds: int
    machines: list[str]
    precision: Spread
    recall: Spread
    f1: Spread
    oracle_f1: Spread
    ap: Spread
    vus_pr: Spread
    hit_rate_100: Spread
    hit_rate_150: Spread
    contribution_hit_rate_100: NotRequired[Spread]
    contribution_hit_rate_150: NotRequired[Spread]
    agreement: Spread
    f1_by_machine: dict[str, float]


class PublishedRow(TypedDict):
    """The paper's figures of one network."""

    parameters: int
    precision: float
    recall: float
    f1: float


class Ablations(TypedDict):
    """Further networks of one machine. date: of the earlier run that they are of, if they are."""

    machine: str
    summary: list[SummaryRow]
    date: NotRequired[str]


class Results(Provenance):
    """The whole document. plan: the fields of `networks.Plan`."""

    published: dict[str, PublishedRow]
    plan: dict[str, Any]
    chosen_on: list[str]
    summary: list[SummaryRow]
    summary_others: list[SummaryRow]
    ablations: Ablations | None
    by_machine: list[dict[str, Any]]
    curves: dict[str, dict[str, list[float]]]


_Figure = Literal["precision", "recall", "f1", "oracle_f1", "vus_pr", "ap", "agreement"]
_SHOWN: tuple[_Figure, ...] = (
    *("precision", "recall", "f1", "oracle_f1"),
    *("vus_pr", "ap", "agreement"),
)


def smd_rows(summary: Sequence[SummaryRow]) -> list[tuple[str, ...]]:
    """Returns a row a model and score, macro over machines: median over seeds (min to max)."""
    teacher = next(row["parameters"] for row in summary if row["row"] == "teacher") or 1
    return [
        (
            row["row"],
            row["score"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            _share(row["parameters"] / teacher) if row["parameters"] else "",
            *(spread_text(row[figure], 2) for figure in _SHOWN),
            *_blame(row),
        )
        for row in summary
    ]


def core_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns the core of the table; "others" are the machines the score was not chosen on."""
    others = {(row["row"], row["score"]): row for row in results["summary_others"]}
    rows = []
    for row, cells in zip(results["summary"], smd_rows(results["summary"]), strict=True):
        other = others[row["row"], row["score"]]
        ranking = (row["vus_pr"], row["agreement"])
        elsewhere = (other["f1"], other["vus_pr"])
        rows.append(
            (
                *cells[:7],
                *(spread_text(figure, 2) for figure in ranking),
                *_blame(row),
                *(spread_text(figure, 2) for figure in elsewhere),
            )
        )
    return rows


def _blame(row: SummaryRow) -> tuple[str, str]:
    """Returns HitRate@100% by contribution, where it is known, and by error."""
    by_contribution = row.get("contribution_hit_rate_100")
    by_error = spread_text(row["hit_rate_100"], 2)
    return spread_text(by_contribution, 2) if by_contribution else "", by_error


def _share(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"
