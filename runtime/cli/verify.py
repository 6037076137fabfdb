"""`stillwatch verify MODEL`: whether this machine scores as the capsule says it must."""

import argparse
import importlib
from pathlib import Path
from typing import Any

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.runtime.golden_replay import replay

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a verification."""
    parser.add_argument(
        "model", nargs="?", help="path of a capsule, or a shipped one such as nab-rds"
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="compare MXNet, onnx's reference evaluator and NumPy too, on a whole series",
    )
    parser.add_argument(
        "--series",
        type=Path,
        metavar="SERIES.csv",
        help="with --checkpoint: the series to compare on (default: the recipe's test series)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="the committed checkpoints, or those of --checkpoint, in every framework at hand",
    )
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="with --all: the matrix, as a file too"
    )


def run(arguments: argparse.Namespace) -> int:
    """Replays the golden vectors, then compares the frameworks; returns 0 if all agree, else 1."""
    if arguments.all:
        return _run_all(arguments)
    if arguments.model is None or arguments.json is not None or len(arguments.checkpoint) > 1:
        raise InputError(
            "expected a capsule and one --checkpoint at most; several of them, no capsule and "
            "--json go with --all"
        )
    detector = Detector.load(arguments.model)
    found = replay(detector)
    print(
        f"{found.vectors} golden vectors: largest difference {found.reconstruction:.2g} in "
        f"reconstruction (scaled), {found.score:.2g} in score, {found.flips} alarms flipped, "
        f"tolerance {found.tolerance:g}: {'passed' if found.passed else 'FAILED'}"
    )
    agreed = True
    if arguments.checkpoint:
        frameworks = _module(
            "stillwatch.export.verify.verification", "--checkpoint", "train,export"
        )
        (checkpoint,) = arguments.checkpoint
        agreed = frameworks.run(arguments.model, checkpoint, arguments.series)
    return 0 if found.passed and agreed else 1


def _run_all(arguments: argparse.Namespace) -> int:
    if arguments.model is not None:
        raise InputError(
            f"expected no capsule with --all, got {arguments.model!r}: it makes its own from "
            "checkpoints"
        )
    matrix = _module("stillwatch.benchmarks.validation.command", "--all", "train,export")
    agreed = matrix.run_all(arguments.checkpoint, arguments.series, arguments.json)
    return 0 if agreed else 1


def _module(name: str, option: str, extras: str) -> Any:
    """Returns a module of another folder, imported here alone, where it is called for."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stillwatch."):
            raise  # a defect of ours, not of the installation
        raise ExtraError(
            f"'stillwatch verify {option}' needs {error.name}, which is not installed: "
            f"pip install 'stillwatch[{extras}]'"
        ) from error
