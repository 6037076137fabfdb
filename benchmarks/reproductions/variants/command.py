"""`stillwatch reproduce variants`: the single-feature recipe, one choice changed at a time."""

import argparse
import json

from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.benchmarks.reproductions.variants.document import HEADER, Results, variants_rows
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the experiment."""
    add_options(parser, seeds=10, out="reproduction-variants")


def run(arguments: argparse.Namespace) -> int:
    """Trains every variant with every seed, and counts what each finds."""
    seeds, out = seeds_and_folder(arguments)

    from stillwatch.benchmarks.reproductions.nab_rds.run import PUBLISHED
    from stillwatch.benchmarks.reproductions.variants.report import variants_page
    from stillwatch.benchmarks.reproductions.variants.run import measure
    from stillwatch.runtime.report.machine import provenance
    from stillwatch.train.data.sets import RDS_TEST, RDS_TRAIN, load_nab

    train, test = load_nab(RDS_TRAIN), load_nab(RDS_TEST)
    results: Results = {
        **provenance(),
        "published": PUBLISHED,
        "seeds": seeds,
        "rows": measure(train, test, seeds, out / "networks"),
    }
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "report.html", variants_page(results))
    print(as_text(HEADER, variants_rows(results)))
    print(f"\nmedian over {seeds} seeds; results.json, report.html in {out}")
    return 0
