"""What `reproduce variants` writes into its results.json, and the table as text."""

from typing import TypedDict

from stillwatch.benchmarks.reproductions.nab_rds.document import Counts, Published
from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread, spread_text

__all__ = ["HEADER", "Results", "VariantRow", "variants_rows"]

HEADER = ("changed", "to", "hits of 2", "false alarms", "F1", "windows: F1")


class VariantRow(TypedDict):
    """One choice changed: its parameter, the value, and how the counts spread over seeds."""

    parameter: str
    value: str
    tp: Spread
    fp: Spread
    f1: Spread
    windows_f1: Spread
    seeds: list[Counts]


class Results(Provenance):
    """The whole document."""

    published: Published
    seeds: int
    rows: list[VariantRow]


def variants_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns the published row, then one a variant: median over seeds (minimum to maximum)."""
    published = results["published"]
    rows: list[tuple[str, ...]] = [
        ("published", "", str(published["tp"]), str(published["fp"]), f"{published['f1']:g}", "")
    ]
    for row in results["rows"]:
        counts = (spread_text(row["tp"], 0), spread_text(row["fp"], 0))
        shares = (spread_text(row["f1"], 2), spread_text(row["windows_f1"], 2))
        rows.append((row["parameter"], row["value"], *counts, *shares))
    return rows
