"""Text tables: lines to records, records to columns of numbers, a block at a time."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.cells import MISSING, split_cells, to_number
from stillwatch.runtime.tables.dialect import Dialect, is_comment, recognise
from stillwatch.runtime.tables.frame import Column
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.text import decode

__all__ = ["CsvRecords", "read_csv"]

_BLOCK = 2**14  # records whose cells are held as text at once
_JSON = re.compile(r'\{\s*"|\[\s*[\[{]')


@dataclass(frozen=True)
class CsvRecords:
    """Records of a text table, as lines that may go on within quotes.

    numbers: of the first line of each, counted from 1.
    """

    dialect: Dialect
    header: str
    lines: Sequence[str]
    numbers: Sequence[int]

    @property
    def delimiter(self) -> str:
        """What parts the cells of a line."""
        return self.dialect.delimiter

    @property
    def decimal(self) -> str:
        """The decimal mark."""
        return self.dialect.decimal

    def __len__(self) -> int:
        """How many records there are."""
        return len(self.lines)

    def cells(self, row: int) -> list[str]:
        """Returns the cells of a record."""
        return next(split_cells([self.lines[row]], self.delimiter))

    def column(self, place: int) -> list[str]:
        """Returns the cells of a column."""
        return [cells[place] for cells in split_cells(self.lines, self.delimiter)]

    def line(self, row: int) -> str:
        """Returns a record as it came."""
        return self.lines[row]

    def where(self, row: int) -> str:
        """Returns the record's number, and its line where that is not the obvious one."""
        line = self.numbers[row]
        return f"row {row + 1}" + (f" (line {line})" if line != row + 2 else "")


def read_csv(
    content: bytes, options: ReadOptions, name: str
) -> tuple[tuple[Column, ...], CsvRecords]:
    """Returns the columns and records of a text table; raises InputError."""
    lines = decode(content, options.encoding, name).split("\n")
    if _JSON.match(lines[0]):
        raise InputError(
            f"{name} is JSON: expected CSV, Parquet or Arrow ('stillwatch watch' reads JSON lines)"
        )
    dialect = recognise(lines, options, name)
    header = _header_line(lines, dialect)
    records, numbers = _records(lines, dialect, options, name)
    found = CsvRecords(dialect, header, records, numbers)
    return _columns(found, name), found


def _header_line(lines: Sequence[str], dialect: Dialect) -> str:
    if dialect.header is None:
        return dialect.delimiter.join(dialect.names)
    return (
        lines[dialect.header].lstrip("# \t")
        if dialect.header < dialect.start - 1
        else (lines[dialect.header])
    )


def _records(
    lines: list[str], dialect: Dialect, options: ReadOptions, name: str
) -> tuple[list[str], list[int]]:
    """Returns the records and the numbers of their first lines."""
    several = len(dialect.names) > 1  # of one column, a blank cell is a cell
    kept = [
        number
        for number in range(dialect.start, len(lines))
        if (lines[number].strip(" ") if several else lines[number])
        and not is_comment(lines[number], options.comment)
    ]
    body = [lines[number] for number in kept]
    if not any('"' in line for line in body):
        return body, [number + 1 for number in kept]
    records, numbers, begun, ended = [], [], 0, 0

    def fed() -> Iterator[str]:
        nonlocal ended
        for line in body:
            ended += 1
            yield line + "\n"

    try:
        for _ in split_cells(fed(), dialect.delimiter):
            records.append("\n".join(body[begun:ended]))
            numbers.append(kept[begun] + 1)
            begun = ended
    except csv.Error as error:
        raise InputError(
            f"{name}, line {kept[begun] + 1}: a quoted cell is not closed as it should be "
            f"({error}): quotes within one are doubled"
        ) from error
    return records, numbers


def _columns(records: CsvRecords, name: str) -> tuple[Column, ...]:
    names = records.dialect.names
    blocks: list[list[tuple[Float64, AnyArray]]] = [[] for _ in names]
    for begin in range(0, len(records), _BLOCK):
        block = records.lines[begin : begin + _BLOCK]
        rows = list(split_cells(block, records.delimiter))
        for i, row in enumerate(rows):
            if len(row) != len(names):
                raise InputError(_ragged(records, begin + i, len(row), name))
        for column, cells in zip(blocks, zip(*rows, strict=True), strict=True):
            numbers, text = _numbers(cells, records.decimal)
            column.append((numbers, text + begin))
    return tuple(
        Column(
            name=one,
            numbers=np.concatenate([np.empty(0), *(numbers for numbers, _ in parts)]),
            text=np.concatenate([np.empty(0, np.intp), *(text for _, text in parts)]),
        )
        for one, parts in zip(names, blocks, strict=True)
    )


def _ragged(records: CsvRecords, row: int, width: int, name: str) -> str:
    expected = len(records.dialect.names)
    line = records.numbers[row]
    return (
        f"{name}, row {row + 1}: expected {expected} cells like the "
        f"{'header' if records.dialect.header is not None else 'first row'}, got {width} in line "
        f"{line}; see --delimiter, --decimal and --comment"
    )


def _numbers(cells: Sequence[str], decimal: str) -> tuple[Float64, AnyArray]:
    """Returns the cells as numbers (T,), NaN for missing ones and text, and the rows of text."""
    none = np.empty(0, np.intp)
    plain = [cell.replace(",", ".") for cell in cells] if decimal == "," else cells
    if not any("_" in cell for cell in cells) and not (
        decimal == "," and any("." in cell for cell in cells)
    ):
        for attempt in (plain, ["nan" if cell.strip() in MISSING else cell for cell in plain]):
            try:
                return np.array(attempt, np.float64), none
            except ValueError:
                continue
    numbers = np.empty(len(cells))
    text = []
    for row, cell in enumerate(cells):
        try:
            numbers[row] = to_number(cell, decimal)
        except ValueError:
            numbers[row] = np.nan
            text.append(row)
    return numbers, np.array(text, np.intp)
