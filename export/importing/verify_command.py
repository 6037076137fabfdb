"""`stillwatch verify CHECKPOINT --against FILE`: an import beside the network that it came from."""

import argparse
from pathlib import Path

from stillwatch.export.importing.against import TOLERANCE, Beside, compare_random, compare_series
from stillwatch.export.importing.command import renames
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.table import read_table

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a comparison with an original."""
    parser.add_argument("checkpoint", type=Path, help="folder that 'stillwatch import' wrote")
    parser.add_argument(
        "--against", type=Path, required=True, metavar="FILE", help="what was imported"
    )
    parser.add_argument(
        "--map", dest="renamed", action="append", default=[], metavar="NAME=NAME",
        help="as in 'stillwatch import'",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=Path, metavar="MINE.onnx", help="with --series: the capsule made of it"
    )
    parser.add_argument("--series", type=Path, metavar="SERIES.csv", help="compare on it, too")


def run(arguments: argparse.Namespace) -> int:
    """Compares both on random windows and on a series; returns 0 where they agree, else 1."""
    if (arguments.series is None) != (arguments.model is None):
        raise InputError("expected --series and --model together: alarms are those of a capsule")
    if not arguments.checkpoint.is_dir():
        raise InputError(
            f"expected a checkpoint, a folder that 'stillwatch import' wrote, got "
            f"{arguments.checkpoint}"
        )
    renamed = renames(arguments.renamed)
    result = [compare_random(arguments.checkpoint, arguments.against, renamed)]
    if arguments.series is not None:
        names = Detector.load(arguments.model).info.channel_names
        values = read_table(arguments.series, names).values
        result.append(
            compare_series(
                arguments.model, arguments.checkpoint, arguments.against, values, renamed
            )
        )
    for one in result:
        print(_line(one, arguments.against.name))
    return 0 if all(one.passed for one in result) else 1


def _line(one: Beside, name: str) -> str:
    flips = "" if one.flips is None else f", {one.flips} alarms flipped"
    return (
        f"{name} on {one.what}, {one.rows} rows: largest difference {one.largest:.2g}, mean "
        f"{one.mean:.2g} in reconstruction (scaled){flips}, tolerance {TOLERANCE:g}: "
        f"{'passed' if one.passed else 'FAILED'}"
    )
