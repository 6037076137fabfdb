"""`--budget` and `--period`: alarms in an operator's words, and how far apart rows are."""

import argparse
import re

import numpy as np

from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.table import Table

__all__ = ["add_budget_options", "seconds", "threshold_policy", "usual_period"]

_UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_PERIOD = re.compile(r"(\d+(?:\.\d+)?)(s|min|m|h|d|)")


def add_budget_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "--budget",
        metavar="N/week",
        help="how many events may be raised: 5/week, 1/day, 2/month; the judge keeps to it however "
        "the data drift",
    )
    parser.add_argument(
        "--period",
        type=seconds,
        metavar="SECONDS",
        help="between two rows, as in 60, 60s, 5min or 1h (default: the capsule's, or told from a "
        "column of times)",
    )


def seconds(text: str) -> float:
    """Returns the seconds that 60, 60s, 5min or 1h are, for argparse; raises InputError."""
    parts = _PERIOD.fullmatch(text.strip())
    if not parts or not float(parts[1]):
        raise InputError(f"expected a --period above 0, as 60s, 5min or 1h, got {text!r}")
    return float(parts[1]) * _UNITS[parts[2]]


def threshold_policy(
    arguments: argparse.Namespace, info: CapsuleInfo, period: float | None = None
) -> ThresholdPolicy:
    """Returns the threshold policy that --threshold, --budget and --period come to.

    period: seconds a row, as the input says, where nobody says it better.
    Raises InputError.
    """
    if arguments.budget is None:
        threshold: ThresholdPolicy = arguments.threshold
        return threshold
    if arguments.threshold is not None:
        raise InputError("expected --threshold or --budget, got both")
    period = arguments.period or (None if info.judge else period)
    if period is None:
        return f"budget({arguments.budget})"
    return f"budget({arguments.budget},{period:.9f}".rstrip("0").rstrip(".") + "s)"


def usual_period(table: Table) -> float | None:
    """Returns the usual seconds from one row of a table to the next, None where it does not say."""
    axis = table.assignment.time
    if axis is None or not axis.dated or len(axis.values) < 2:
        return None
    usual = float(np.median(np.diff(axis.values)))
    return usual if usual > 0 else None
