"""What `reproduce drift` writes into its results.json, and the table as text."""

from typing import TypedDict

from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread, spread_text

__all__ = ["HEADER", "DriftRow", "Figures", "Results", "SeedFigures", "drift_rows"]

HEADER = (
    *("", "threshold", "windows: found", "labelled rows called", "normal rows called"),
    "normal rows called, last quarter",
)


class Figures(TypedDict):
    """One threshold on one series: windows found, and shares of rows called."""

    found: int
    labelled_called: float
    normal_called: float
    normal_called_by_part: list[float]


class SeedFigures(TypedDict):
    """Both thresholds on one series, for one network."""

    series: str
    seed: int
    rows: int
    windows: int
    fixed: Figures
    rolling: Figures


class DriftRow(TypedDict):
    """One threshold on one series, over seeds."""

    series: str
    threshold: str
    windows: int
    found: Spread
    labelled_called: Spread
    normal_called: Spread
    normal_called_last_part: Spread


class Results(Provenance):
    """The whole document."""

    quantile: float
    history: int
    rows: list[DriftRow]
    seeds: list[SeedFigures]


def drift_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns two rows a series, one a threshold: median over seeds (min to max), in percent."""
    return [
        (
            row["series"].rpartition("/")[2].removesuffix(".csv"),
            row["threshold"],
            f"{spread_text(row['found'], 0)} of {row['windows']}",
            _percent(row["labelled_called"]),
            _percent(row["normal_called"]),
            _percent(row["normal_called_last_part"]),
        )
        for row in results["rows"]
    ]


def _percent(share: Spread) -> str:
    hundredfold: Spread = {
        "median": 100 * share["median"],
        "min": 100 * share["min"],
        "max": 100 * share["max"],
    }
    return spread_text(hundredfold, 1) + " %"
