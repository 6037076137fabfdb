"""`stillwatch reproduce variants`: the single-feature recipe, one choice changed at a time."""

import argparse
import json
from pathlib import Path
from typing import Any

from stillwatch.benchmarks.tables import VARIANTS_HEADER, as_text, variants_rows
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder, write_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the experiment."""
    parser.add_argument("--seeds", type=int, default=10, metavar="K", help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, default=Path("reproduction-variants"), help="default: %(default)s"
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains every variant with every seed, and counts what each finds."""
    if arguments.seeds < 1:
        raise InputError(f"expected at least one seed, got {arguments.seeds}")
    make_folder(arguments.out)

    from stillwatch.benchmarks.machine import provenance
    from stillwatch.benchmarks.nab_rds import PUBLISHED
    from stillwatch.benchmarks.variants import measure
    from stillwatch.benchmarks.variants_report import variants_page
    from stillwatch.train.data import RDS_TEST, RDS_TRAIN, load_nab

    train, test = load_nab(RDS_TRAIN), load_nab(RDS_TEST)
    results: dict[str, Any] = {
        **provenance(),
        "published": PUBLISHED,
        "seeds": arguments.seeds,
        "rows": measure(train, test, arguments.seeds, arguments.out / "networks"),
    }
    write_text(arguments.out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(arguments.out / "report.html", variants_page(results))
    print(as_text(VARIANTS_HEADER, variants_rows(results)))
    print(f"\nmedian over {arguments.seeds} seeds; results.json, report.html in {arguments.out}")
    return 0
