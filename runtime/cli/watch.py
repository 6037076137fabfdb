"""`stillwatch watch MODEL`: lines from standard input, one JSON line each as it comes.

A line is a number, comma-separated numbers (one a channel), or, below a CSV
header line, a row whose other cells pass through to the answer. A line that
cannot be read is answered by a line that says so, and the watch goes on as
if it had not come; with --strict it ends the watch.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.cli.options import add_detector_options, detector_options, fills_forward
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.stream import Stream, Verdict
from stillwatch.runtime.table import is_number, parse_cells, select_columns

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a watch."""
    add_detector_options(parser)
    parser.add_argument(
        "--strict", action="store_true", help="end at the first line that cannot be read"
    )


def run(arguments: argparse.Namespace) -> int:
    """Watches standard input until it ends."""
    detector = Detector.load(arguments.model)
    stream = detector.stream(**detector_options(arguments))
    reader = _LineReader(
        detector.info.channel_names, arguments.columns, fill=fills_forward(arguments, detector.info)
    )
    bad = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            parsed = reader.read(_decoded(line))
            if parsed is None:
                continue
            cells, values = parsed
            verdict = stream.update(values)
            reader.accept(values)
            answer = {"line": number, **cells, **_answer(verdict, stream, detector)}
        except InputError as error:
            if arguments.strict:
                raise InputError(f"line {number}: {error}") from error
            bad += 1
            answer = {"line": number, "error": str(error)}
        _print(answer, sys.stdout)
    if bad:
        print(f"stillwatch: {bad} lines could not be read", file=sys.stderr)
    return 0


class _LineReader:
    """Turns lines into values; the first line decides whether there is a header."""

    def __init__(
        self, channels: Sequence[str], columns: Sequence[str] | None, *, fill: bool
    ) -> None:
        self._channels = channels
        self._columns = columns
        self._fill = fill
        self._header: list[str] | None = None
        self._places = list(range(len(channels)))
        self._previous: Float64 | None = None
        self._first = True

    def read(self, line: str) -> tuple[dict[str, str], Float64] | None:
        """Returns cells to pass through, and the values (C,); None for a header or a blank."""
        if not line.strip():
            return None
        try:
            row = next(csv.reader([line.strip("\r\n")], strict=True))
        except (csv.Error, StopIteration) as error:
            raise InputError(f"expected CSV, got {line.strip()[:80]!r}") from error
        first, self._first = self._first, False
        if first and (self._columns or not any(map(is_number, row))):
            self._places = select_columns(row, self._channels, self._columns, "the header")
            self._header = row
            return None
        expected = len(self._header or self._channels)
        if len(row) != expected:
            raise InputError(f"expected {expected} cells, got {len(row)}: {line.strip()[:80]!r}")
        cells = [row[place] for place in self._places]
        values, _ = parse_cells(
            cells, self._channels, "this line", fill=self._fill, previous=self._previous
        )
        through = {
            name: cell
            for place, (name, cell) in enumerate(zip(self._header or [], row, strict=False))
            if place not in self._places
        }
        return through, values

    def accept(self, values: Float64) -> None:
        """Takes note of values that the stream took: gaps are filled from these only."""
        self._previous = values


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"expected UTF-8 text, got {line[:80]!r}") from error


def _answer(verdict: Verdict | None, stream: Stream, detector: Detector) -> dict[str, Any]:
    if verdict is None:
        return {"score": None, "alarm": None, "warm_up": stream.warm_up}
    names = detector.info.channel_names
    return {
        "score": _rounded(verdict.score),
        "alarm": verdict.alarm,
        "reconstruction": dict(zip(names, map(_rounded, verdict.reconstruction), strict=True)),
        "error": dict(zip(names, map(_rounded, verdict.error), strict=True)),
    }


def _rounded(figure: float) -> float:
    # Nine digits give the same float32 back. JSON has no infinity: the largest float32 serves.
    largest = float(np.finfo(np.float32).max)
    return min(float(f"{figure:.9g}"), largest)


def _print(answer: dict[str, Any], out: TextIO) -> None:
    print(json.dumps(answer), file=out, flush=True)
