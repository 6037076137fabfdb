"""`stillwatch reproduce drift`: where a fixed threshold fails and a rolling one holds."""

import argparse
import json
from typing import Literal

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.drift.document import (
    HEADER,
    DriftRow,
    Results,
    SeedFigures,
    drift_rows,
)
from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the experiment."""
    add_options(parser, seeds=3, out="reproduction-drift")


def run(arguments: argparse.Namespace) -> int:
    """Trains what is not trained yet, and compares both thresholds on every series."""
    seeds, out = seeds_and_folder(arguments)

    from stillwatch.benchmarks.reproductions.drift.report import drift_page
    from stillwatch.benchmarks.reproductions.drift.run import (
        HISTORY,
        KINDS,
        QUANTILE,
        SERIES,
        evaluate_series,
    )
    from stillwatch.runtime.report.machine import provenance

    by_series = {
        name: [evaluate_series(name, seed, out) for seed in range(seeds)] for name in SERIES
    }
    results: Results = {
        **provenance(),
        "quantile": QUANTILE,
        "history": HISTORY,
        "rows": [
            _row(name, kind, [drift.figures for drift in value])
            for name, value in by_series.items()
            for kind in KINDS
        ],
        "seeds": [drift.figures for value in by_series.values() for drift in value],
    }
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    first = [value[0] for value in by_series.values()]
    write_text(out / "report.html", drift_page(results, first))
    print(as_text(HEADER, drift_rows(results)))
    print(f"\nmedian over seeds; results.json and report.html in {out}")
    return 0


def _row(name: str, kind: Literal["fixed", "rolling"], seeds: list[SeedFigures]) -> DriftRow:
    """Returns one threshold on one series: median, minimum and maximum over seeds."""
    figures = [seed[kind] for seed in seeds]
    return {
        "series": name,
        "threshold": kind,
        "windows": seeds[0]["windows"],
        "found": spread(one["found"] for one in figures),
        "labelled_called": spread(one["labelled_called"] for one in figures),
        "normal_called": spread(one["normal_called"] for one in figures),
        "normal_called_last_part": spread(one["normal_called_by_part"][-1] for one in figures),
    }
