"""`stillwatch reproduce segments`: students that read a window by segments; resumable."""

import argparse
import json
from typing import Any

from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.benchmarks.reproductions.segments.networks import Plan
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text
from stillwatch.train.data.sets import load_smd

__all__ = ["add_arguments", "run"]

_MACHINES = ("1-7", "2-1", "2-2", "2-7", "2-8", "3-3")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the reproduction."""
    plan = Plan()
    parser.add_argument(
        "--segments", nargs="+", type=int, default=list(plan.segments), metavar="W",
        help="rows a step (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--hidden", nargs="+", type=int, default=list(plan.units), metavar="H",
        help="hidden units (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="one network and one seed: minutes")
    add_options(parser, seeds=plan.seeds, out="reproduction-segments")


def run(arguments: argparse.Namespace) -> int:
    """Trains and judges what is not yet, writes table, page and the chosen network's checkpoint."""
    seeds, out = seeds_and_folder(arguments)
    plan = Plan(segments=tuple(arguments.segments), units=tuple(arguments.hidden), seeds=seeds)
    if arguments.quick:
        plan = Plan(segments=(20,), units=(16,), seeds=1, taught=(), close=())
    machines = [load_smd(name) for name in _MACHINES]

    from stillwatch.benchmarks.reproductions.segments.report import HEADER, cells, segments_page
    from stillwatch.benchmarks.reproductions.segments.run import compare
    from stillwatch.runtime.report.machine import provenance, provenance_line

    source = provenance()
    results: dict[str, Any] = {**source, **compare(plan, machines, out)}
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "report.html", segments_page(results, provenance_line(source)))
    print(as_text(HEADER, cells(results["summary"], results["standard"])))
    print(f"\n{results['said']}\nresults.json and report.html in {out}")
    return 0
