"""`stillwatch reproduce nab-rds`: the whole way, from the data to the report."""

import argparse
import json
import sys

from stillwatch.benchmarks.reproductions.nab_rds.document import Agreement
from stillwatch.benchmarks.reproductions.nab_rds.rows import HEADER, detection_rows
from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.runtime.errors import DataError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text
from stillwatch.train.data.sets import RDS_TEST, RDS_TRAIN, LabelledSeries, load_nab, simulate_cpu

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a reproduction."""
    add_options(parser, seeds=5, out="reproduction")
    parser.add_argument(
        "--simulated", action="store_true", help="use the built-in simulated series, not NAB's"
    )


def run(arguments: argparse.Namespace) -> int:
    """Reproduces, prints the table, and says where everything is; 1 where frameworks disagree."""
    seeds, out = seeds_and_folder(arguments)
    train, test, simulated = _series(arguments.simulated)

    from stillwatch.benchmarks.reproductions.nab_rds.report import nab_rds_page
    from stillwatch.benchmarks.reproductions.nab_rds.run import (
        reproduce,  # MXNet takes seconds to import
    )

    results, pictures = reproduce(train, test, seeds=seeds, out=out, simulated=simulated)
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "report.html", nab_rds_page(results, pictures))

    print()
    if simulated:
        print("SIMULATED DATA: nothing below reproduces or contradicts the published figures.\n")
    print(as_text(HEADER, detection_rows(results)))
    print(f"\nmedian over {seeds} seeds (minimum to maximum); on {test.name}")
    agreed = _print_agreement(results["agreement"])
    print(f"capsules, checkpoint, results.json and report.html are in {out}")
    return 0 if agreed else 1


def _series(simulated: bool) -> tuple[LabelledSeries, LabelledSeries, bool]:
    """Returns training and test series, and whether they are simulated."""
    if not simulated:
        try:
            return load_nab(RDS_TRAIN), load_nab(RDS_TEST), False
        except DataError as error:
            print(f"stillwatch: {error}", file=sys.stderr)
            print("stillwatch: going on with SIMULATED DATA instead", file=sys.stderr)
    return simulate_cpu(0), simulate_cpu(1, level=8.0, swing=2.0), True


def _print_agreement(agreement: Agreement) -> bool:
    """Prints a line a framework; returns whether all agree, and every golden vector is met."""
    from stillwatch.export.capsule.golden import TOLERANCE

    passed = bool(agreement["golden_passed"])
    for name, figures in agreement["frameworks"].items():
        good = figures["largest"] <= TOLERANCE and not figures["flips"]
        passed = passed and good
        print(
            f"{name}: at most {figures['largest']:.2g} from onnxruntime, "
            f"{figures['flips']} alarms flipped{'' if good else '  FAILED'}"
        )
    return passed
