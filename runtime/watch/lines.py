"""From lines of text to samples: CSV cells, JSON or points, and the time they were taken."""

import json
import math
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.cells import is_number, parse_cells
from stillwatch.runtime.tables.header import select_columns
from stillwatch.runtime.tables.lines import CsvLines
from stillwatch.runtime.watch.clock import read_seconds
from stillwatch.runtime.watch.influx.line_protocol import parse_point
from stillwatch.runtime.watch.options import WatchOptions

__all__ = ["LONGEST_LINE", "LineReader", "Sample"]

LONGEST_LINE = 2**20  # bytes
_NO_TEXT = (
    (b"\x1f\x8b", "it is packed: zcat FILE | stillwatch watch"),
    (b"\xfd7zXZ", "it is packed: xzcat FILE | stillwatch watch"),
    (b"BZh", "it is packed: bzcat FILE | stillwatch watch"),
    (b"\x28\xb5\x2f\xfd", "it is packed: zstdcat FILE | stillwatch watch"),
    (b"\xff\xfe", "it is UTF-16: iconv -f UTF-16 -t UTF-8 FILE | stillwatch watch"),
    (b"\xfe\xff", "it is UTF-16: iconv -f UTF-16 -t UTF-8 FILE | stillwatch watch"),
)
_SHOWN = 80  # characters of a bad line that its error line repeats


@dataclass(frozen=True)
class Sample:
    """A line's values (C,), what passes through to the answer, and when it was taken."""

    values: Float64
    through: Mapping[str, Any]
    seconds: float | None


class LineReader:
    """Turns lines into samples; the first CSV line decides whether there is a header.

    previous: the values (C,) that gaps are filled from.
    """

    def __init__(self, channels: Sequence[str], options: WatchOptions, *, fill: bool) -> None:
        """channels: their own names. fill: whether a cell without a value takes the last one."""
        self._channels = channels
        self._columns = options.columns
        self._fill = fill
        self._form = options.form
        self._time = options.time
        self._header: list[str] | None = None
        self._places = list(range(len(channels)))
        self.previous: Float64 | None = None
        self._first = True
        self._series: str | None = None  # of the points
        self._csv_lines = CsvLines(options.delimiter, options.decimal)

    def read(self, line: bytes) -> Sample | None:
        """Returns a line's sample, None for a header or a blank line; raises InputError."""
        if len(line) > LONGEST_LINE:
            raise InputError(f"expected a line of at most {LONGEST_LINE} bytes, got a longer one")
        try:
            text = line.removeprefix(BOM_UTF8).decode().strip(" \r\n")  # a tab may be an empty cell
        except UnicodeDecodeError as error:
            raise InputError(f"expected UTF-8 text, got {_shown(line)}") from error
        if not text.strip():
            return None
        decimal = "."
        if self._form == "influx":
            point = self._point(text)
            if point is None:
                return None
            cells, through = point
        elif self._form == "json" or (self._form == "auto" and text[0] in "{["):
            cells, through = self._json(text)
        else:
            row = self._csv(text)
            if row is None:
                return None
            cells, through = row
            decimal = self._csv_lines.decimal or "."
        columns = self._columns or self._channels
        values, _ = parse_cells(
            cells,
            columns,
            "this line",
            fill=self._fill,
            previous=self.previous,
            decimal=decimal,
        )
        seconds = None
        if self._time is not None:
            if self._time not in through:
                raise InputError(f"expected a time {self._time!r}, got {text[:_SHOWN]!r}")
            seconds = read_seconds(through[self._time])
        return Sample(values, through, seconds)

    def accept(self, values: Float64) -> None:
        """Takes note of values that the stream took: gaps are filled from these only."""
        self.previous = values

    def state(self) -> dict[str, Any]:
        """Returns what `restore` takes, as JSON has it."""
        previous = None if self.previous is None else self.previous.tolist()
        return {
            "header": self._header,
            "first": self._first,
            "previous": previous,
            "series": self._series,
            "csv": self._csv_lines.state(),
        }

    def restore(self, state: Mapping[str, Any], previous: Float64 | None) -> None:
        """Goes on from a state."""
        self._first, self.previous = bool(state["first"]), previous
        self._series = state.get("series")
        if "csv" in state or not self._first:  # one of before 0.2 has none
            self._csv_lines.restore(state.get("csv", {}))
        if state["header"] is not None:
            self._take_header([str(name) for name in state["header"]])

    def _csv(self, text: str) -> tuple[list[str], dict[str, Any]] | None:
        row = self._csv_lines.first(text) if self._first else self._csv_lines.cells(text)
        if row is None:
            return None
        first, self._first = self._first, False
        above = self._csv_lines.names_above(row) if first else None
        decimal = self._csv_lines.decimal or "."
        if above is not None:
            self._take_header(above)
        elif first and (
            self._columns or self._time or not any(is_number(cell, decimal) for cell in row)
        ):
            self._take_header(row)
            return None
        expected = len(self._header or self._channels)
        if len(row) != expected:
            raise InputError(f"expected {expected} cells, got {len(row)}: {text[:_SHOWN]!r}")
        through = {
            name: cell
            for place, (name, cell) in enumerate(zip(self._header or [], row, strict=False))
            if place not in self._places
        }
        return [row[place] for place in self._places], through

    def _take_header(self, row: list[str]) -> None:
        row = [name.strip() for name in row]
        self._places = select_columns(row, self._channels, self._columns, "the header")
        if self._time is not None and self._time not in row:
            raise InputError(f"the header has no time column {self._time!r}: {', '.join(row)}")
        self._header = row

    def _point(self, text: str) -> tuple[list[str], dict[str, Any]] | None:
        """Returns the cells of a point, and what of it goes back out as it is."""
        point = parse_point(text)
        if point is None:
            return None
        if self._series not in (None, point.series):
            raise InputError(
                f"expected a point of {self._series[:_SHOWN]}, got another series, "
                f"{point.series[:_SHOWN]}: one watch has one"
            )
        names = self._columns or self._channels
        cells = [point.number(name) for name in names]
        if not any(cells):
            raise InputError(f"expected a field {names[0]!r}, got {text[:_SHOWN]!r}")
        self._series = point.series
        through = {"series": point.series, "fields": point.fields, "time_ns": point.time}
        return cells, through if point.seconds is None else through | {"time": point.seconds}

    def _json(self, text: str) -> tuple[list[str], dict[str, Any]]:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"expected JSON, got {text[:_SHOWN]!r}") from error
        names = self._columns or self._channels
        if isinstance(document, dict):
            missing = [name for name in names if name not in document]
            if missing:
                raise InputError(f"expected a channel {missing[0]!r}, got {text[:_SHOWN]!r}")
            members = [document[name] for name in names]
            plain = (str, int, float, bool, type(None))
            through = {
                name: _sayable(member)
                for name, member in document.items()
                if name not in names and isinstance(member, plain)
            }
        else:
            members, through = document if isinstance(document, list) else [document], {}
        if len(members) != len(names):
            raise InputError(f"expected {len(names)} numbers, got {len(members)}")
        return [_cell(member) for member in members], through


def _shown(line: bytes) -> str:
    """Returns a line that is no text, or what to do about it where it is known for what it is."""
    for beginning, remedy in _NO_TEXT:
        if line.startswith(beginning):
            return f"{line[:4]!r}...; {remedy}"
    return repr(line[:_SHOWN])


def _sayable(member: Any) -> Any:
    """Returns a member as an answer can say it: JSON has no NaN and no infinity."""
    return None if isinstance(member, float) and not math.isfinite(member) else member


def _cell(member: object) -> str:
    if member is None:
        return ""
    if isinstance(member, bool) or not isinstance(member, int | float):
        raise InputError(f"expected numbers, got {str(member)[:_SHOWN]!r}")
    try:
        return repr(float(member))
    except OverflowError:
        return "inf"
