"""Series in CSV files: channels read as numbers, everything else passed through."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.errors import InputError

__all__ = [
    "Table",
    "is_number",
    "numeric_columns",
    "parse_cells",
    "read_table",
    "select_columns",
    "to_csv",
]


@dataclass(frozen=True)
class Table:
    """A CSV file: header, rows of cells, and the channels' values (T, C).

    filled: how many empty or NaN cells took the value before them.
    """

    header: tuple[str, ...]
    rows: list[list[str]]
    values: Float64
    filled: int


def read_table(
    path: str | Path, channels: Sequence[str], columns: Sequence[str] | None, *, fill: bool = False
) -> Table:
    """Returns the table in a CSV file with a header line.

    channels: the model's; columns: the file's, where they are named
    otherwise. fill: an empty or NaN cell takes the last value of its channel;
    without it, such a cell is refused. Raises InputError naming the first
    cell that does not serve.
    """
    header, rows = _read_rows(path)
    places = select_columns(header, channels, columns, str(path))
    if not rows:
        raise InputError(f"{path} has a header and no rows")
    values = np.empty((len(rows), len(places)))
    filled = 0
    for i, row in enumerate(rows):
        if len(row) != len(header):
            raise InputError(
                f"{path}, row {i + 1}: expected {len(header)} cells like the header, got {len(row)}"
            )
        previous = values[i - 1] if i else None
        values[i], count = parse_cells(
            [row[place] for place in places],
            [header[place] for place in places],
            f"{path}, row {i + 1}",
            fill=fill,
            previous=previous,
        )
        filled += count
    return Table(tuple(header), rows, values, filled)


def numeric_columns(path: str | Path) -> list[str]:
    """Returns the names of a CSV file's columns whose first cell with anything in it is a number.

    Raises InputError where there is none.
    """
    header, rows = _read_rows(path)
    names = []
    for place, name in enumerate(header):
        cells = (row[place] for row in rows if place < len(row) and row[place].strip())
        if is_number(next(cells, "")):
            names.append(name)
    if not names:
        raise InputError(f"{path} has no column of numbers: it has {', '.join(map(repr, header))}")
    return names


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_rows(path: str | Path) -> tuple[list[str], list[list[str]]]:
    """Returns a CSV file's header and rows; raises InputError.

    Where the first line holds numbers and nothing else there is no header,
    and the columns are called channel_1, channel_2 and so on.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}"
        ) from error
    try:
        lines = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise InputError(f"{path} is not CSV: {error}") from error
    if not lines:
        raise InputError(f"{path} is empty: expected a header line and rows below it")
    if all(map(is_number, lines[0])):
        return [f"channel_{i + 1}" for i in range(len(lines[0]))], lines
    return lines[0], lines[1:]


def select_columns(
    header: Sequence[str], channels: Sequence[str], columns: Sequence[str] | None, name: str
) -> list[int]:
    """Returns the places of the model's channels in a header; raises InputError."""
    if columns is not None and len(columns) != len(channels):
        raise InputError(
            f"expected {len(channels)} column{'s' * (len(channels) > 1)}, one for each of the "
            f"model's channels ({', '.join(channels)}), got {len(columns)}"
        )
    wanted = channels if columns is None else columns
    for column in wanted:
        if header.count(column) != 1:
            problem = "no column" if column not in header else "more than one column"
            raise InputError(
                f"{name} has {problem} {column!r}: it has {', '.join(map(repr, header))}; "
                "name the right one with --column"
            )
    return [header.index(column) for column in wanted]


def parse_cells(
    cells: Sequence[str],
    columns: Sequence[str],
    where: str,
    *,
    fill: bool,
    previous: Float64 | None,
) -> tuple[Float64, int]:
    """Returns the numbers in `cells`, (C,), and how many of them came from `previous`.

    With `fill`, an empty or NaN cell takes its place in `previous`. Raises
    InputError naming place, column and cell.
    """
    if not fill:
        previous = None
    numbers = np.empty(len(cells))
    filled = 0
    for i, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        try:
            numbers[i] = float(cell) if cell.strip() else math.nan
        except ValueError as error:
            raise InputError(
                f"{where}, column {column!r}: expected a number, got {cell!r}"
            ) from error
        if math.isnan(numbers[i]):
            if previous is None:
                advice = "there is no value before it to fill it with"
                if not fill:
                    advice = "--fill forward gives such a cell the last value before it"
                raise InputError(
                    f"{where}, column {column!r}: expected a number, got {cell!r}; {advice}"
                )
            numbers[i] = previous[i]
            filled += 1
        elif abs(numbers[i]) > LARGEST:
            raise InputError(
                f"{where}, column {column!r}: expected a finite float32 number, got {cell!r}"
            )
    return numbers, filled


def to_csv(table: Table, added: Mapping[str, Sequence[str]]) -> str:
    """Returns the table as CSV, its own columns first, then the `added` ones.

    Raises InputError where the file already has a column of such a name.
    """
    taken = [name for name in added if name in table.header]
    if taken:
        raise InputError(
            f"the file already has columns {', '.join(map(repr, taken))}: rename or drop them"
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*table.header, *added])
    for i, row in enumerate(table.rows):
        writer.writerow([*row, *(column[i] for column in added.values())])
    return out.getvalue()
