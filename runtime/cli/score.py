"""`stillwatch score MODEL SERIES.csv`: a file in, the same file with scores and alarms out."""

import argparse
import sys
import textwrap
from pathlib import Path

import numpy as np

from stillwatch.runtime.alarms.events import find_events
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.cli.budget_options import usual_period
from stillwatch.runtime.cli.options import (
    add_detector_options,
    add_event_options,
    check_order,
    detector_options,
    event_policy,
    fills_forward,
)
from stillwatch.runtime.cli.progress import score_with_progress
from stillwatch.runtime.cli.reading import add_reading_options, print_remarks, reading_options
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_text
from stillwatch.runtime.result import Result
from stillwatch.runtime.tables.table import Table, read_table
from stillwatch.runtime.tables.writing import to_csv

__all__ = ["add_arguments", "run"]

_SHOWN = 60  # characters of an event's row in the summary
_EVENTS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a scoring."""
    add_detector_options(parser)
    add_event_options(parser)
    parser.add_argument(
        "series", type=Path, help="CSV, Parquet or Arrow file, packed or not; - is standard input"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT.csv", help="where to (default: standard output)"
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html", help="a page with pictures of what was found"
    )
    add_reading_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Scores the file; the table goes to the output, a summary to standard error."""
    check_order(arguments.model, arguments.series)
    detector = Detector.load(arguments.model)
    names = detector.info.channel_names
    fill = fills_forward(arguments, detector.info)
    options = reading_options(arguments)
    table = read_table(arguments.series, names, arguments.columns, options=options, fill=fill)
    chosen = detector_options(arguments, detector.info, usual_period(table))
    rule = alarm_rule(chosen["threshold"], detector.info)
    result = score_with_progress(detector, table.values, chosen)
    content = to_csv(table, _columns(result, names))
    if arguments.output:
        write_text(arguments.output, content)
    else:
        sys.stdout.write(content)
    summary = _summary(arguments, table, result, detector, rule)
    print_remarks([*summary, *table.assignment.remarks()])
    if arguments.report:
        write_text(arguments.report, _page(arguments, table, result, detector, rule))
        print(f"  report: {arguments.report}", file=sys.stderr)
    return 0


def _page(
    arguments: argparse.Namespace, table: Table, result: Result, detector: Detector, rule: AlarmRule
) -> str:
    """Returns the report as HTML."""
    # Here, since a score without a page does not need what draws one.
    from stillwatch.runtime.report.score_page import score_page
    from stillwatch.runtime.report.scored import ScoredSeries

    info = detector.info
    remarks = []
    if not info.calibrated:
        remarks.append(
            "The model is not calibrated, so nothing is an alarm: stillwatch calibrate "
            f"{arguments.model} NORMAL.csv -o MINE.onnx"
        )
    if table.filled:
        remarks.append(f"{table.filled:,} cells without a value took the one before them.")
    return score_page(
        ScoredSeries(
            name=Path(table.name).name,
            model=f"{arguments.model}: {info.family}, {info.parameters:,} parameters",
            channels=info.channel_names,
            values=table.values,
            result=result,
            labels=table.time_cells(),
            events=tuple(find_events(result, info.channel_names, event_policy(arguments))),
            limit=None if rule.rolling or rule.budget or not info.calibrated else rule.value,
            rule=_limit(rule) if info.calibrated else "",
            remarks=tuple(remarks),
        )
    )


def _columns(result: Result, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Returns the added columns as text; a row without an answer has an empty score."""
    columns = {
        "score": _figures(result.score),
        "alarm": [str(int(alarm)) for alarm in result.alarm],
    }
    if result.surprise is not None:
        columns["surprise"] = _figures(result.surprise)
    for what, figures in (("reconstruction", result.reconstruction), ("error", result.error)):
        for c, channel in enumerate(names):
            column = what if len(names) == 1 else f"{what}_{channel}"
            columns[column] = _figures(figures[:, c])
    return columns


def _figures(figures: AnyArray) -> list[str]:
    return ["" if np.isnan(figure) else f"{figure:.7g}" for figure in figures]


def _summary(
    arguments: argparse.Namespace, table: Table, result: Result, detector: Detector, rule: AlarmRule
) -> list[str]:
    alarms = np.flatnonzero(result.alarm)
    unanswered = int(np.isnan(result.score).sum())
    lines = [
        f"{len(result.score)} rows, {len(alarms)} alarms {_limit(rule)}"
        + (f", first {unanswered} rows without an answer (history)" if unanswered else "")
        + (f", {table.filled} cells filled forward" if table.filled else "")
    ]
    if not detector.info.calibrated:
        lines.append(
            f"  not calibrated, so nothing is an alarm: stillwatch calibrate {arguments.model}"
        )
    events = find_events(result, detector.info.channel_names, event_policy(arguments))
    mark = "; " if table.frame.records.decimal == "," else ", "
    for event in events[:_EVENTS]:
        cells = textwrap.shorten(mark.join(table.cells(event.peak)), _SHOWN)
        span = f"row {event.start + 1}" + (
            f" to {event.end + 1}" if event.end > event.start else ""
        )
        channels = ", ".join(f"{name} {share:.0%}" for name, share in event.channels)
        lines.append(
            f"  {span}: score {event.score:.6g} at row {event.peak + 1}"
            + (f" ({channels})" if len(detector.info.channels) > 1 else "")
            + (", a new level, learnt since" if event.learnt else "")
            + f"  {cells}"
        )
    if len(events) > _EVENTS:
        lines.append(f"  and {len(events) - _EVENTS} more events")
    return lines


def _limit(rule: AlarmRule) -> str:
    if rule.budget:
        return f"by {rule.policy}"
    return f"above {rule.policy}" if rule.rolling else f"above {rule.value:.6g}"
