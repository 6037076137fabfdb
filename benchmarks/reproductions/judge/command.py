"""`stillwatch reproduce judge`: the judge in the graph beside the runtime's."""

import argparse
import json
from pathlib import Path

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
    names = list(dict.fromkeys(name for row in cost for name in row["microseconds"]))
    print("microseconds of one thread for a row of all streams, and times the NumPy judge's:")
    cells = [
        (str(row["channels"]), f"{row['streams']:,}", *(_cell(row, name) for name in names))
        for row in cost
    ]
    print(as_text(("channels", "streams", *names), cells))
    series = agreement()
    print(f"\nalarms of the graph and of the runtime, at {BUDGET}:")
    print(as_text(tuple(series[0]), [tuple(map(_figure, row.values())) for row in series]))
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


def _cell(row: dict[str, dict[str, float]], name: str) -> str:
    if name not in row["microseconds"]:
        return ""
    return f"{row['microseconds'][name]:,.1f} ({row['times NumPy'][name]:.2f})"


def _figure(value: object) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)
