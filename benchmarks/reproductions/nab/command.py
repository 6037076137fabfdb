"""`stillwatch reproduce nab`: all 58 series under the official score; resumable."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from stillwatch.benchmarks.detection.nab_score import PROFILES, nab_score
from stillwatch.benchmarks.reproductions.nab.document import Results
from stillwatch.benchmarks.reproductions.nab.result_files import read_results, write_results
from stillwatch.benchmarks.reproductions.nab.summary import CHOSEN, HELD, PUBLISHED
from stillwatch.benchmarks.reproductions.options import add_options, seeds_and_folder
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.tables import as_text
from stillwatch.train.data.sets import NAB_SERIES, LabelledSeries, load_nab

__all__ = ["add_arguments", "run"]

_UNITS = (16, 4)  # of the context networks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the reproduction."""
    add_options(parser, seeds=3, out="reproduction-nab")
    parser.add_argument(
        "--results", type=Path, metavar="DIR",
        help="also write NAB's own result files there, a folder a detector, for NAB's scorer",
    )  # fmt: skip
    parser.add_argument(
        "--score", type=Path, nargs="+", metavar="DIR",
        help="score result files of these detectors, as NAB has them in results/, and nothing else",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="one network size and one seed: a minute or two"
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains what is not trained yet, judges all series, and writes table and report."""
    if arguments.score:
        return _score(arguments.score)
    seeds, out = seeds_and_folder(arguments)
    if arguments.results and arguments.results.is_file():
        raise InputError(f"expected a folder for --results, got the file {arguments.results}")

    from stillwatch.benchmarks.reproductions.nab.nab_tables import HEADER, table_rows
    from stillwatch.benchmarks.reproductions.nab.report import nab_page
    from stillwatch.benchmarks.reproductions.nab.run import (
        Bench,
        control_rows,
        network_rows,
        today_rows,
    )
    from stillwatch.benchmarks.reproductions.nab.series import prepare
    from stillwatch.runtime.report.machine import provenance

    series = _load()
    bench = Bench.of([prepare(one) for one in series])
    units, seeds = (_UNITS[:1], 1) if arguments.quick else (_UNITS, seeds)
    networks, answers = network_rows(bench, units, seeds, out)
    controls, others = control_rows(bench)
    answers |= others
    results: Results = {
        **provenance(),
        "command": "stillwatch reproduce nab",
        "chosen": list(CHOSEN),
        "held": list(HELD),
        "seeds": seeds,
        "rows": networks + controls + today_rows(series, out),
        "published": PUBLISHED,
    }
    write_text(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "report.html", nab_page(results, bench.series, answers))
    if arguments.results:
        by_name = {one.name: one for one in series}
        for name, answer in answers.items():
            scores = {key: scored.scores for key, scored in answer.items()}
            write_results(
                arguments.results, f"stillwatch-{name.replace(' ', '-')}", by_name, scores
            )
        print(f"NAB's result files of {len(answers)} detectors are in {arguments.results}")
    print(as_text(HEADER, table_rows(results)))
    print(f"\nofficial NAB score; results.json and report.html in {out}")
    return 0


def _load() -> list[LabelledSeries]:
    return [load_nab(name) for name in NAB_SERIES]


def _score(folders: Sequence[Path]) -> int:
    """Prints the official score of detectors' result files."""
    series = {one.name: one for one in _load()}
    rows = []
    for folder in folders:
        files = read_results(folder.resolve(), series)
        for name, profile in PROFILES.items():
            result = nab_score(files, profile)
            counts = f"{result.found} of {result.windows}", str(result.false)
            rows.append(
                (folder.name, name, f"{result.value:.2f}", f"{result.threshold:.6g}", *counts)
            )
    print(as_text(("", "profile", "score", "threshold", "windows found", "false rows"), rows))
    return 0
