"""Options that several commands share, and how a call's figures are read."""

import argparse
from typing import Any

from stillwatch.runtime.contract import CapsuleInfo

__all__ = ["add_detector_options", "detector_options", "fills_forward"]


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which columns, on which scale, and above what to alarm."""
    parser.add_argument("model", help="path of a capsule, or a shipped one such as nab-rds")
    parser.add_argument(
        "--column",
        dest="columns",
        action="append",
        metavar="NAME",
        help="column to read, once for each channel (default: the channels' own names)",
    )
    parser.add_argument(
        "--fill",
        choices=["forward"],
        help="let an empty or NaN cell take the last value before it (default: as the capsule's "
        "training did, else refuse)",
    )
    parser.add_argument(
        "--mean", type=float, nargs="+", help="a mean for each channel, with --scale"
    )
    parser.add_argument(
        "--scale", type=float, nargs="+", help="a deviation for each channel, with --mean"
    )
    parser.add_argument("--threshold", type=float, help="in place of the trained one")


def detector_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns mean, scale and threshold as `Detector.score` and `Detector.stream` take them."""
    return {
        "mean": arguments.mean,
        "scale": arguments.scale,
        "threshold": arguments.threshold,
    }


def fills_forward(arguments: argparse.Namespace, info: CapsuleInfo) -> bool:
    """Whether cells without a value take the last one: as said, or as in the capsule's training."""
    return "forward" in (arguments.fill, info.training.get("missing"))
