"""`stillwatch reproduce judge`: the judge in the graph beside the runtime's."""

import argparse
import json
from pathlib import Path

from stillwatch.benchmarks.reproductions.judge.document import (
    SERIES_HEADER,
    cost_table,
    series_rows,
)
from stillwatch.runtime.files import make_folder, write_text
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the comparison."""
    parser.add_argument(
        "--out", type=Path, default=Path("reproduction-judge"),
        help="folder (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Compares, measures, prints both tables and writes them."""
    make_folder(arguments.out)

    from stillwatch.benchmarks.reproductions.judge.agreement import BUDGET, agreement
    from stillwatch.benchmarks.reproductions.judge.cost import costs
    from stillwatch.runtime.report.machine import provenance

    cost = costs()
    print("microseconds of one thread for a row of all streams (times the NumPy judge's):")
    print(as_text(*cost_table(cost)))
    series = agreement()
    print(f"\nalarms of the graph and of the runtime, at {BUDGET}:")
    print(as_text(SERIES_HEADER, series_rows(series)))
    results = {
        **provenance(),
        "command": "stillwatch reproduce judge",
        "budget": BUDGET,
        "cost": cost,
        "agreement": series,
    }
    write_text(arguments.out / "results.json", json.dumps(results, indent=1) + "\n")
    print(f"\nresults.json in {arguments.out}")
    return 0
