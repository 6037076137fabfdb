"""`stillwatch watch MODEL`: lines from standard input, one JSON line each as it comes.

A line is a number, comma-separated numbers (one a channel), a JSON object or
array, or, below a CSV header line, a row whose other cells pass through to
the answer. A line that cannot be read is answered by a line that says so, and
the watch goes on as if it had not come; with --strict it ends the watch.
"""

import argparse
import sys
from pathlib import Path

from stillwatch.runtime.cli.options import (
    add_detector_options,
    add_event_options,
    detector_options,
    event_policy,
)
from stillwatch.runtime.cli.reading import add_form_options, named_delimiter
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.watch.loop import watch_lines
from stillwatch.runtime.watch.options import FORMS, GAPS, WatchFiles, WatchOptions

__all__ = ["add_arguments", "add_line_options", "run", "watch_standard_input"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a watch."""
    add_detector_options(parser)
    add_event_options(parser)
    parser.add_argument("--events", action="store_true", help="events only, not a line for each")
    add_line_options(
        parser,
        gap="what to do about samples missing between two lines: go on (the default), repeat the "
        "last values in their place, or begin the stream anew",
    )


def add_line_options(parser: argparse.ArgumentParser, *, gap: str) -> None:
    """Adds the options of lines, answers and state; gap: what is said of gaps in time."""
    parser.add_argument("--format", choices=FORMS, default="auto", help="of the lines")
    parser.add_argument(
        "--strict", action="store_true", help="end at the first line that cannot be read"
    )
    add_form_options(parser)
    parser.add_argument(
        "--time", metavar="NAME", help="column or member that says when a line was taken"
    )
    parser.add_argument(
        "--gap", choices=GAPS, default="ignore",
        help=gap,
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="append answers here (default: stdout)"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE",
        help="save the stream's state here, and go on from it when started again",
    )  # fmt: skip
    parser.add_argument(
        "--save-every", type=float, default=1.0, metavar="SECONDS",
        help="with --state: at most so long between two saves (default: 1); a watch that is killed "
        "repeats so much of its answers where they go into a pipe",
    )  # fmt: skip
    parser.add_argument(
        "--replay", action="store_true",
        help="with --state: the input begins at its first line again, skip those answered before",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Watches standard input until it ends, or until SIGTERM."""
    detector = Detector.load(arguments.model)
    options = WatchOptions(
        **detector_options(arguments, detector.info),
        columns=arguments.columns,
        fill=arguments.fill,
        form=arguments.format,
        time=arguments.time,
        period=arguments.period if arguments.time or arguments.budget is None else None,
        gap=arguments.gap,
        events=event_policy(arguments),
        only_events=arguments.events,
        strict=arguments.strict,
        delimiter=named_delimiter(arguments.delimiter),
        decimal=arguments.decimal,
    )
    return watch_standard_input(detector, options, arguments)


def watch_standard_input(
    detector: Detector | Forecaster, options: WatchOptions, arguments: argparse.Namespace
) -> int:
    """Watches with the files that `add_line_options` told of, and returns the exit status."""
    files = WatchFiles(
        output=arguments.output,
        state=arguments.state,
        save_every=arguments.save_every,
        replay=arguments.replay,
    )
    if sys.stdin is None:
        raise InputError("standard input is closed: give the watch lines, as in < sensor.csv")
    if sys.stdout is None and files.output is None:
        raise InputError("standard output is closed: name a file with --output")
    bad = watch_lines(detector, options, files, say=_say)
    if bad:
        _say(f"{bad} lines could not be read")
    return 0


def _say(text: str) -> None:
    print(f"stillwatch: {text}", file=sys.stderr)
