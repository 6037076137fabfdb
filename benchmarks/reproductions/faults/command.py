"""`stillwatch reproduce faults`: whom the alarms blame, for faults planted in a made set."""

import argparse
import json

from stillwatch.benchmarks.reproductions.faults.document import HEADER, Results, fault_rows
from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the reproduction."""
    add_options(parser, seeds=3, out="reproduction-faults")


def run(arguments: argparse.Namespace) -> int:
    """Plants, judges, prints the table, and writes it with a page."""
    seeds, out = seeds_and_folder(arguments)

    from stillwatch.benchmarks.reproductions.faults.run import BUDGET, evaluate, summarize
    from stillwatch.runtime.report import page
    from stillwatch.runtime.report.machine import provenance, provenance_line

    rows = evaluate(seeds)
    summary = summarize(rows)
    results: Results = {
        **provenance(),
        "command": "stillwatch reproduce faults",
        "seeds": seeds,
        "budget": BUDGET,
        "summary": summary,
        "rows": rows,
    }
    cells = fault_rows(summary)
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    parts = [
        page.paragraph(
            "Six faults, each on every channel of a made set of eight sensors, twelve hours long. "
            "Detected: an event of the judge begins within the fault, or an alarm is within it, "
            f"at {BUDGET:g} events a week. Right: the sensor at fault has the largest part of the "
            "score there; of two that were swapped, either. While another stands: a fourth sensor "
            "away is at another level, by fifteen deviations, from a day before."
        ),
        page.table(HEADER, cells),
        page.paragraph(provenance_line(results), "footer"),
    ]
    write_text(out / "report.html", page.page("stillwatch: who is to blame", parts))
    print(as_text(HEADER, cells))
    print(f"\nresults.json and report.html in {out}")
    return 0
