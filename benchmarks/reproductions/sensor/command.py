"""`stillwatch reproduce sensor`: the sensor family on its subjects, beside other models."""

import argparse
import json
from pathlib import Path

from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.benchmarks.reproductions.sensor.document import (
    HEADER,
    Results,
    sensor_rows,
)
from stillwatch.benchmarks.reproductions.sensor.series import SUBJECTS, load_subject
from stillwatch.benchmarks.reproductions.smd.document import Row
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the reproduction."""
    parser.add_argument(
        "--subjects", nargs="+", choices=sorted(SUBJECTS), default=sorted(SUBJECTS),
        help="default: all",
    )  # fmt: skip
    parser.add_argument(
        "--beside", type=Path, metavar="RESULTS.json",
        help="results of 'reproduce smd', whose rows of the same machine are shown too",
    )  # fmt: skip
    add_options(parser, seeds=3, out="reproduction-sensor")


def run(arguments: argparse.Namespace) -> int:
    """Trains, judges and compares what is not there yet; 1 where frameworks disagree."""
    others = _rows_of(arguments.beside) if arguments.beside else []
    seeds, out = seeds_and_folder(arguments)
    subjects = [load_subject(name) for name in arguments.subjects]

    from stillwatch.benchmarks.reproductions.sensor.report import sensor_results_page
    from stillwatch.benchmarks.reproductions.sensor.run import evaluate_subject, summarize_rows
    from stillwatch.runtime.report.machine import provenance

    result = []
    for subject in subjects:
        same = [row for row in others if row["machine"] == subject.machine.name]
        beside = summarize_rows([r for r in same if r["parameters"] and "int8" not in r["row"]])
        judged = evaluate_subject(subject, seeds, out)
        judged["beside"] = beside
        result.append(judged)
    results: Results = {**provenance(), "subjects": result}
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "report.html", sensor_results_page(results))
    for subject_results in result:
        print(f"\n{subject_results['name']}")
        print(as_text(HEADER, sensor_rows(subject_results)))
    print(f"\nmedian over seeds; results.json and report.html in {out}")
    checks = [check for one in result for check in one["agreement"]]
    passed = all(c["golden_passed"] and all(f["passed"] for f in c["frameworks"]) for c in checks)
    return 0 if passed else 1


def _rows_of(path: Path) -> list[Row]:
    try:
        rows: list[Row] = json.loads(path.read_text())["by_machine"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no results of 'reproduce smd': {error}") from error
    return rows
