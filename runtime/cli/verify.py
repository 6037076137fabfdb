"""`stillwatch verify MODEL`: whether this machine scores as the capsule says it must."""

import argparse
import importlib
from pathlib import Path

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.verify import replay

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a verification."""
    parser.add_argument("model", help="path of a capsule, or a shipped one such as nab-rds")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="DIR",
        help="compare MXNet, onnx's reference evaluator and NumPy too, on a whole series",
    )
    parser.add_argument(
        "--series",
        type=Path,
        metavar="SERIES.csv",
        help="with --checkpoint: the series to compare on (default: the recipe's test series)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Replays the golden vectors, then compares the frameworks; returns 0 if all agree, else 1."""
    detector = Detector.load(arguments.model)
    found = replay(detector)
    print(
        f"{found.vectors} golden vectors: largest difference {found.reconstruction:.2g} in "
        f"reconstruction (scaled), {found.score:.2g} in score, {found.flips} alarms flipped, "
        f"tolerance {found.tolerance:g}: {'passed' if found.passed else 'FAILED'}"
    )
    agreed = True
    if arguments.checkpoint:
        try:
            frameworks = importlib.import_module("stillwatch.export.verification")
        except ModuleNotFoundError as error:
            raise ExtraError(
                f"'stillwatch verify --checkpoint' needs {error.name}, which is not installed: "
                "pip install 'stillwatch[train,export]'"
            ) from error
        agreed = frameworks.run(arguments.model, arguments.checkpoint, arguments.series)
    return 0 if found.passed and agreed else 1
