"""`stillwatch reproduce forecast`: ETTh1, choices one at a time, electricity demand, closes."""

import argparse
import json
from pathlib import Path
from statistics import median

from stillwatch.benchmarks.reproductions.forecast.document import Detection, Horizon, Results
from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.runtime.files import write_text
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]

_PARTS = ("etth1", "choices", "demand", "closes", "detection")
_MACHINES = ("1-7", "2-1", "2-2", "2-7", "2-8", "3-3")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the experiment."""
    add_options(parser, seeds=3, out="reproduction-forecast")
    parser.add_argument(
        "--part", dest="parts", action="append", choices=_PARTS,
        help="once for each (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--choice", dest="choices", action="append", metavar="NAME",
        help="of the part choices, once for each (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--machines", nargs="+", default=list(_MACHINES), choices=_MACHINES, metavar="M",
        help="of the part detection (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="one seed, horizons 96 and 720, two choices, no slow baseline: ten minutes",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Trains what is not trained yet, and compares; a run that was killed goes on."""
    seeds, out = seeds_and_folder(arguments)
    seeds = 1 if arguments.quick else seeds
    # Detection takes longer than all others together: a quick run leaves it out.
    parts = arguments.parts or _PARTS[: -1 if arguments.quick else None]

    from stillwatch.benchmarks.reproductions.forecast import choices, demand, ett
    from stillwatch.benchmarks.reproductions.forecast.detection_tables import detection_tables
    from stillwatch.benchmarks.reproductions.forecast.report import (
        CHOICE_HEADER,
        DEMAND_HEADER,
        ETT_HEADER,
        choice_rows,
        closes_rows,
        demand_rows,
        ett_rows,
        forecast_page,
    )
    from stillwatch.runtime.report.machine import provenance
    from stillwatch.train.data.sets import load_ett

    made = provenance()
    results: Results = {
        "command": made["command"],
        "date": made["date"],
        "machine": made["machine"],
        "versions": made["versions"],
        "seeds": seeds,
        "quick": arguments.quick,
    }
    if {"etth1", "choices"} & set(parts):
        series = load_ett("ETTh1")
        horizons = (96, 720) if arguments.quick else ett.HORIZONS
        results["etth1"] = {str(h): _horizon(series, h, seeds, out) for h in horizons}
        print(as_text(ETT_HEADER, ett_rows(results)))
    if "choices" in parts:
        names = choices.QUICK if arguments.quick else choices.chosen(arguments.choices)
        results["choices"] = choices.evaluate_choices(series, out, names)
        print(as_text(CHOICE_HEADER, choice_rows(results)))
    if "demand" in parts:
        results["demand"] = demand.evaluate_demand(out, seeds, slow=not arguments.quick)
        print(as_text(DEMAND_HEADER, demand_rows(results)))
    if "closes" in parts:
        results["closes"] = demand.evaluate_closes(out, seeds)
        print(as_text(("closes, one day ahead", "MAE", "RMSE"), closes_rows(results)))
    if "detection" in parts:
        results["detection"] = _detection(arguments.machines, seeds, out)
        for header, rows in detection_tables(results["detection"]):
            print(as_text(header, rows))
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "report.html", forecast_page(results))
    print(f"\nmedian over seeds; results.json and report.html in {out}")
    return 0


def _detection(machines: list[str], seeds: int, out: Path) -> Detection:
    from stillwatch.benchmarks.reproductions.forecast.detection_nab import nab_detection
    from stillwatch.benchmarks.reproductions.forecast.detection_smd import smd_detection
    from stillwatch.train.data.sets import load_smd

    return {
        "smd": smd_detection([load_smd(name) for name in machines], seeds, out),
        "nab": nab_detection(seeds, out),
    }


def _horizon(series: Series, horizon: int, seeds: int, out: Path) -> Horizon:
    from stillwatch.benchmarks.reproductions.forecast import ett

    result = [
        ett.evaluate(series, ett.config_of(horizon, seed), out / f"etth1-{horizon}-{seed}")
        for seed in range(seeds)
    ]
    published = {name: rows[horizon] for name, rows in ett.PUBLISHED.items() if horizon in rows}
    names = ("forecaster", "LSTM alone", "linear alone")
    return {
        "median": {
            name: {
                "mse": median(f[name]["mse"] for f in result),
                "mae": median(f[name]["mae"] for f in result),
            }
            for name in names
        },
        "floors": ett.floors(series, horizon),
        "published": published,
        "seeds": result,
    }
