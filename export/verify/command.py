"""`stillwatch verify MODEL --checkpoint DIR`: the golden vectors, then framework by framework."""

import argparse
from pathlib import Path

from stillwatch.export.verify.verification import run as agree
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.cli import verify
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.info import forecasts

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a comparison to those of a verification."""
    verify.add_arguments(parser)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        metavar="DIR",
        help="that the capsule was exported from",
    )
    parser.add_argument(
        "--series",
        type=Path,
        metavar="SERIES.csv",
        help="what to compare on (default: the recipe's test series; a forecaster's, waves)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Replays the golden vectors, then compares the frameworks; returns 0 if all agree, else 1."""
    if len(arguments.checkpoint) > 1:
        raise InputError(
            f"expected one --checkpoint with a capsule, got {len(arguments.checkpoint)}; several "
            "of them go with --all, without a capsule"
        )
    passed = verify.replay_golden(arguments.model)
    (checkpoint,) = arguments.checkpoint
    content = opening.read_bytes(arguments.model)
    compare = agree
    if forecasts(opening.open_graph(content, arguments.model)[1]):
        # Imported here: it is not of a detector's way.
        from stillwatch.export.forecasting.verification import run as compare
    agreed = compare(arguments.model, checkpoint, arguments.series)
    return 0 if passed and agreed else 1
