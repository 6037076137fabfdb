"""`stillwatch score MODEL SERIES.csv`: a file in, the same file with scores and alarms out."""

import argparse
import sys
import textwrap
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.cli.options import add_detector_options, detector_options, fills_forward
from stillwatch.runtime.detector import Detector, Result
from stillwatch.runtime.files import write_text
from stillwatch.runtime.table import Table, read_table, to_csv

__all__ = ["add_arguments", "run"]

_SHOWN = 60  # characters of an alarm's row in the summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a scoring."""
    add_detector_options(parser)
    parser.add_argument("series", type=Path, help="CSV file with a header line")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT.csv", help="where to (default: standard output)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Scores the file; the table goes to the output, a summary to standard error."""
    detector = Detector.load(arguments.model)
    names = detector.info.channel_names
    fill = fills_forward(arguments, detector.info)
    table = read_table(arguments.series, names, arguments.columns, fill=fill)
    result = detector.score(table.values, **detector_options(arguments))
    content = to_csv(table, _columns(result, names))
    if arguments.output:
        write_text(arguments.output, content)
    else:
        sys.stdout.write(content)
    for line in _summary(arguments, table, result, detector):
        print(line, file=sys.stderr)
    return 0


def _columns(result: Result, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Returns the added columns as text; a row without an answer has an empty score."""
    columns = {
        "score": _figures(result.score),
        "alarm": [str(int(alarm)) for alarm in result.alarm],
    }
    for what, figures in (("reconstruction", result.reconstruction), ("error", result.error)):
        for c, channel in enumerate(names):
            column = what if len(names) == 1 else f"{what}_{channel}"
            columns[column] = _figures(figures[:, c])
    return columns


def _figures(figures: AnyArray) -> list[str]:
    return ["" if np.isnan(figure) else f"{figure:.7g}" for figure in figures]


def _summary(
    arguments: argparse.Namespace, table: Table, result: Result, detector: Detector
) -> list[str]:
    alarms = np.flatnonzero(result.alarm)
    unanswered = int(np.isnan(result.score).sum())
    given = arguments.threshold
    threshold = detector.info.threshold["value"] if given is None else given
    lines = [
        f"{len(result.score)} rows, {len(alarms)} alarms above {threshold:.6g}"
        + (f", first {unanswered} rows without an answer (history)" if unanswered else "")
        + (f", {table.filled} cells filled forward" if table.filled else "")
    ]
    if not detector.info.calibrated:
        lines.append(
            f"  not calibrated, so nothing is an alarm: stillwatch calibrate {arguments.model}"
        )
    for row in alarms[:5]:
        cells = textwrap.shorten(", ".join(table.rows[row]), _SHOWN)
        lines.append(f"  row {row + 1}: score {result.score[row]:.6g}  {cells}")
    if len(alarms) > 5:
        lines.append(f"  and {len(alarms) - 5} more")
    return lines
