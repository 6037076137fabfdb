"""`stillwatch export MODEL --judge -o JUDGED.onnx`: the options of the judge in the graph."""

import argparse
from pathlib import Path

from stillwatch.export.judged.adding import Normal, with_judge
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.cli.budget_options import seconds, usual_period
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.tables.table import read_table

__all__ = ["add_judge_options", "check_judge_options", "export_judged"]


def add_judge_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "--judge",
        action="store_true",
        help="put the judge into the graph, so that a program in any language has its alarms from "
        "the file alone: input judge, outputs alarm, surprise, judge_out and more",
    )
    parser.add_argument(
        "--budget",
        metavar="N/week",
        help="with --judge: how many events may be raised, as 5/week, 1/day (default: 5/week)",
    )
    parser.add_argument(
        "--normal",
        type=Path,
        metavar="NORMAL.csv",
        help="with --judge: normal rows to fit the judge to (default: the capsule's own judge)",
    )
    parser.add_argument(
        "--period",
        type=seconds,
        metavar="SECONDS",
        help="with --normal: between two rows, as in 60s or 5min (default: told from a column of "
        "times)",
    )


def check_judge_options(arguments: argparse.Namespace) -> None:
    """Raises InputError for an option that says nothing without another."""
    for name, needed in (("budget", "judge"), ("normal", "judge"), ("period", "normal")):
        if getattr(arguments, name) is not None and not getattr(arguments, needed):
            raise InputError(f"expected --{name} with --{needed} alone")


def export_judged(arguments: argparse.Namespace, content: bytes) -> int:
    """Writes a capsule with the judge in its graph, and says what was written."""
    name, budget = str(arguments.checkpoint), arguments.budget or "5/week"
    judged = with_judge(content, name, budget, _normal(arguments, content, name))
    write_bytes(arguments.output, judged)
    _, info = opening.open_session(judged, str(arguments.output))
    if info.graph_judge is None or info.judge is None:  # never: it was put there
        raise InputError(f"{arguments.output} has no judge in its graph")
    print(
        f"{arguments.output}: {info.parameters} parameters and a judge for {budget}, a row every "
        f"{info.judge.period:g} s, {len(judged):,} bytes"
    )
    size = len(info.graph_judge.state)
    print(f"feed judge as zeros, double, ({size}, series), and judge_out from then on")
    print(f"next: stillwatch verify {arguments.output}")
    return 0


def _normal(arguments: argparse.Namespace, content: bytes, name: str) -> Normal | None:
    if arguments.normal is None:
        return None
    _, info = opening.open_session(content, name)
    table = read_table(arguments.normal, info.channel_names)
    period = arguments.period or usual_period(table)
    if period is None:
        raise InputError(
            f"expected --period with {arguments.normal}, which has no column of times: how far "
            "apart its rows are"
        )
    return Normal(table.values, period)
