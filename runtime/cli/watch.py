"""`stillwatch watch MODEL`: lines from standard input, one JSON line each as it comes.

A line is a number, comma-separated numbers (one a channel), a JSON object or
array, or, below a CSV header line, a row whose other cells pass through to
the answer. A line that cannot be read is answered by a line that says so, and
the watch goes on as if it had not come; with --strict it ends the watch.
"""

import argparse
import os
import stat
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stillwatch.runtime.cli.options import (
    add_detector_options,
    add_event_options,
    detector_options,
    event_policy,
    fills_forward,
)
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.watch.feed import Feed, StopSignal
from stillwatch.runtime.watch.journal import Output, load_state, save_state
from stillwatch.runtime.watch.watcher import GAPS, Watcher

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a watch."""
    add_detector_options(parser)
    add_event_options(parser)
    parser.add_argument("--events", action="store_true", help="events only, not a line for each")
    parser.add_argument(
        "--format", choices=["auto", "csv", "json"], default="auto", help="of the lines"
    )
    parser.add_argument(
        "--strict", action="store_true", help="end at the first line that cannot be read"
    )
    parser.add_argument(
        "--time", metavar="NAME", help="column or member that says when a line was taken"
    )
    parser.add_argument(
        "--period", type=float, metavar="SECONDS", help="with --time: between two samples"
    )
    parser.add_argument(
        "--gap", choices=GAPS, default="ignore",
        help="what to do about samples missing between two lines: go on (the default), repeat the "
        "last values in their place, or begin the stream anew",
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
        help="with --state: at most so long between two saves of a busy watch (default: 1); what "
        "comes by a pipe is saved as it is answered",
    )  # fmt: skip
    parser.add_argument(
        "--replay", action="store_true",
        help="with --state: the input begins at its first line again, skip those answered before",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Watches standard input until it ends, or until SIGTERM."""
    if arguments.period is not None and not (arguments.time and arguments.period > 0):
        raise InputError(f"expected --time and a --period above 0, got {arguments.period}")
    if arguments.replay and not arguments.state:
        raise InputError("expected --state with --replay")
    detector = Detector.load(arguments.model)
    stop = StopSignal()
    try:
        return _watch(arguments, detector, stop)
    finally:
        stop.close()


def _watch(arguments: argparse.Namespace, detector: Detector, stop: StopSignal) -> int:
    saved = load_state(arguments.state) if arguments.state else None
    options = _options(arguments)
    watcher = Watcher(
        detector,
        stream_options=detector_options(arguments),
        columns=arguments.columns,
        fill=fills_forward(arguments, detector.info),
        form=arguments.format,
        time=arguments.time,
        period=arguments.period,
        gap=arguments.gap,
        events=event_policy(arguments),
        only_events=arguments.events,
        strict=arguments.strict,
    )
    output = Output(arguments.output, stop)
    feed = Feed(sys.stdin.fileno(), stop)
    skip = 0
    if saved is not None:
        figures, snapshot = saved
        if figures.get("options") != options:
            raise SnapshotError(
                f"{arguments.state} was saved by a watch with other options: give the same ones, "
                "or another file"
            )
        watcher.restore(figures, snapshot, str(arguments.state))
        output.cut_back(figures["written"])
        skip = _go_on(feed, figures, watcher, replay=arguments.replay)
    again = _regular() or arguments.replay  # the input can be read a second time
    journal = _Journal(arguments, options, watcher, output, feed)
    whole = True
    try:
        for lines in feed.batches():
            if not lines:
                journal.save()
                continue
            lines, skip = lines[skip:], max(0, skip - len(lines))
            whole = _answer(watcher, lines, output)
            if not whole:
                break  # the reader stands still and we are to stop: the state has none of these
            # What a pipe gave is gone from it: the less of it is unsaved, the less a kill can lose.
            journal.save(after=arguments.save_every if again else 0.0)
        if whole:
            if not arguments.state and not stop.given:
                output.write(watcher.finish())
            journal.save()
    finally:
        output.close()
    if watcher.bad:
        print(f"stillwatch: {watcher.bad} lines could not be read", file=sys.stderr)
    return 0


def _answer(watcher: Watcher, lines: Sequence[bytes], output: Output) -> bool:
    """Writes the answers to lines; with --strict, those before a bad line, then its error."""
    content, error = watcher.take(lines)
    whole = output.write(content)
    if error is not None:
        raise error
    return whole


def _go_on(feed: Feed, figures: dict[str, Any], watcher: Watcher, *, replay: bool) -> int:
    """Returns how many lines to skip; says where the watch goes on."""
    print(f"stillwatch: going on after line {watcher.lines}", file=sys.stderr)
    if _regular() and not replay and figures["read"] is not None:
        feed.seek(int(figures["read"]))
    return watcher.lines if replay else 0


def _regular() -> bool:
    """Whether standard input is a file, whose lines can be read again."""
    return stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)


class _Journal:
    """Saves the state of a watch, when it is time."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        options: dict[str, Any],
        watcher: Watcher,
        output: Output,
        feed: Feed,
    ) -> None:
        self._path = arguments.state
        self._options = options
        self._watcher, self._output, self._feed = watcher, output, feed
        self._lines = -1  # as of the last save
        self._saved = time.monotonic()

    def save(self, after: float = 0.0) -> None:
        """Saves the state if it has changed, and the last save is so many seconds ago."""
        now = time.monotonic()
        if self._path is None or self._watcher.lines == self._lines or now - self._saved < after:
            return
        figures, snapshot = self._watcher.state()
        figures |= {
            "options": self._options,
            "written": self._output.settle(),
            "read": self._feed.offset if _regular() else None,
        }
        save_state(self._path, figures, snapshot)
        self._lines, self._saved = self._watcher.lines, now


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the options that must not change between two runs over one state."""
    names = ["columns", "fill", "mean", "scale", "threshold", "stride", "events", "format", "time"]
    names += ["period", "gap", "minimum", "cooldown"]
    return {name: getattr(arguments, name) for name in names}
