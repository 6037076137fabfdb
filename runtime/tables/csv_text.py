"""Text tables: lines to records, records to columns of numbers, a block at a time."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.cells import MISSING, is_number, split_cells, split_rows, to_number
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
        cells: list[str] = []
        for begin in range(0, len(self.lines), _BLOCK):
            rows = split_rows(self.lines[begin : begin + _BLOCK], self.delimiter)
            cells += [row[place] for row in rows]
        return cells

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
    result = CsvRecords(dialect, header, records, numbers)
    return _columns(result, name), result


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
    columns = [_ColumnOfBlocks(len(records), records.decimal) for _ in names]
    for begin in range(0, len(records), _BLOCK):
        block = records.lines[begin : begin + _BLOCK]
        rows = split_rows(block, records.delimiter)
        for i, row in enumerate(rows):
            if len(row) != len(names):
                raise InputError(_ragged(records, begin + i, len(row), name))
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            column.take(begin, cells)
    return tuple(
        Column(name=one, numbers=column.numbers, text=np.array(column.text, np.intp))
        for one, column in zip(names, columns, strict=True)
    )


def _ragged(records: CsvRecords, row: int, width: int, name: str) -> str:
    expected = len(records.dialect.names)
    line = records.numbers[row]
    return (
        f"{name}, row {row + 1}: expected {expected} cells like the "
        f"{'header' if records.dialect.header is not None else 'first row'}, got {width} in line "
        f"{line}; see --delimiter, --decimal and --comment"
    )


class _ColumnOfBlocks:
    """A column as numbers (T,), NaN for missing cells and text, block after block.

    text: rows of text; of a column that begins with text, the first alone.
    """

    def __init__(self, rows: int, decimal: str) -> None:
        self.numbers = np.full(rows, np.nan)
        self.text: list[int] = []
        self._decimal = decimal
        self._begun = False  # whether there was a number

    def take(self, begin: int, cells: Sequence[str]) -> None:
        """Takes the cells from row `begin` on."""
        if self.text and not self._begun:
            return
        if self._take_plain(begin, cells):
            return
        for row, cell in enumerate(cells, begin):
            try:
                number = to_number(cell, self._decimal)
            except ValueError:
                self.text.append(row)
                if not self._begun:
                    return
            else:
                self.numbers[row] = number
                self._begun = self._begun or number == number

    def _take_plain(self, begin: int, cells: Sequence[str]) -> bool:
        """Reads a block at once; False where a cell may be neither a number nor missing."""
        whole = "\n".join(cells)
        if "_" in whole or (self._decimal == "," and "." in whole):
            return False
        plain = [cell.replace(",", ".") for cell in cells] if self._decimal == "," else cells
        if not self._begun and not _begins_with_number(plain):
            return False
        for attempt in range(2):
            if attempt:
                plain = ["nan" if cell.strip() in MISSING else cell for cell in plain]
            try:
                numbers = np.array(plain, np.float64)
            except ValueError:
                continue
            self.numbers[begin : begin + len(cells)] = numbers
            self._begun = self._begun or not np.isnan(numbers).all()
            return True
        return False


def _begins_with_number(cells: Sequence[str]) -> bool:
    first = next((cell for cell in cells if cell.strip() not in MISSING), "0")
    return is_number(first)
