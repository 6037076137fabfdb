"""Options that several commands share, and how a call's figures are read."""

import argparse
from pathlib import Path
from typing import Any

from stillwatch.runtime.alarms.events import EventPolicy
from stillwatch.runtime.alarms.policies.policy_table import DEFAULT_BUDGET, policy_forms
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.capsule.opening import shipped
from stillwatch.runtime.cli.budget_options import add_budget_options, threshold_policy
from stillwatch.runtime.errors import InputError

__all__ = [
    "add_detector_options",
    "add_event_options",
    "check_order",
    "detector_options",
    "event_policy",
    "fills_forward",
]


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
    parser.add_argument(
        "--threshold",
        metavar="POLICY",
        help=f"above what to alarm: {policy_forms()} (default: {DEFAULT_BUDGET} where the capsule "
        "has a judge, else trained); README tells of each",
    )
    add_budget_options(parser)
    parser.add_argument(
        "--stride",
        type=int,
        metavar="ROWS",
        help="of a windowed model: let a window end every so many rows (default: the capsule's)",
    )


def check_order(model: str, series: str | Path) -> None:
    """Raises InputError where the series stands in the model's place and the model in its."""
    name = str(series)
    is_model = name.endswith(".onnx") or (name in shipped() and not Path(name).exists())
    if is_model and not model.endswith(".onnx") and model not in shipped():
        raise InputError(
            f"the model comes first, then the file: expected {name} {model}, got {model} {name}"
        )


def detector_options(
    arguments: argparse.Namespace, info: CapsuleInfo, period: float | None = None
) -> dict[str, Any]:
    """Returns the options as `Detector.score` and `Detector.stream` take them.

    period: as for `threshold_policy`.
    """
    return {
        "mean": arguments.mean,
        "scale": arguments.scale,
        "threshold": threshold_policy(arguments, info, period),
        "stride": arguments.stride,
    }


def fills_forward(arguments: argparse.Namespace, info: CapsuleInfo) -> bool:
    """Whether cells without a value take the last one: as said, or as in the capsule's training."""
    return "forward" in (arguments.fill, info.training.missing)


def add_event_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what makes an event of alarms."""
    parser.add_argument(
        "--min-length", dest="minimum", type=int, default=1, metavar="N",
        help="alarms that make an event (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--cool-down", dest="cooldown", type=int, default=0, metavar="ROWS",
        help="calm rows that do not end an event (default: %(default)s)",
    )  # fmt: skip


def event_policy(arguments: argparse.Namespace) -> EventPolicy:
    """Returns what makes an event."""
    return EventPolicy(minimum=arguments.minimum, cooldown=arguments.cooldown)
