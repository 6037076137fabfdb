"""Parquet, Feather and Arrow files, by pyarrow where it is installed."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.runtime.errors import ExtraError, InputError, first_line
from stillwatch.runtime.tables.frame import Column

__all__ = ["ArrowRecords", "read_arrow"]


@dataclass(frozen=True)
class ArrowRecords:
    """Rows of an Arrow table; as text, with commas and decimal points."""

    names: Sequence[str]
    table: Any
    delimiter: str = ","
    decimal: str = "."

    @property
    def header(self) -> str:
        """The line of names."""
        return _line(self.names)

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def cells(self, row: int) -> list[str]:
        """Returns the cells of a row."""
        return [_text(column[row].as_py()) for column in self.table.columns]

    def column(self, place: int) -> list[str]:
        """Returns the cells of a column."""
        return [_text(cell) for cell in self.table.column(place).to_pylist()]

    def line(self, row: int) -> str:
        """Returns a row as a line of text."""
        return _line(self.cells(row))

    def where(self, row: int) -> str:
        """Returns what a message calls a row."""
        return f"row {row + 1}"


def read_arrow(content: bytes, name: str) -> tuple[tuple[Column, ...], ArrowRecords]:
    """Returns the columns and records of a Parquet, Feather or Arrow file; raises InputError."""
    try:
        import pyarrow
        from pyarrow import feather, parquet
    except ImportError as error:
        raise ExtraError(
            f"cannot read {name}: Parquet and Arrow files need pyarrow: pip install pyarrow, or "
            "write it as CSV"
        ) from error
    try:
        source = pyarrow.BufferReader(content)
        read = parquet.read_table if content.startswith(b"PAR1") else feather.read_table
        table = read(source)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{name} is not sound Parquet or Arrow: {first_line(error)}") from error
    columns = tuple(
        _column(column, str(one), pyarrow)
        for one, column in zip(table.column_names, table.columns, strict=True)
    )
    return columns, ArrowRecords(tuple(map(str, table.column_names)), table)


def _column(column: Any, name: str, pyarrow: Any) -> Column:
    types = pyarrow.types
    blank = np.full(len(column), np.nan)
    none = np.empty(0, np.intp)
    if types.is_timestamp(column.type) or types.is_date(column.type):
        micros = column.cast(pyarrow.timestamp("us")).cast(pyarrow.int64())
        seconds = micros.cast(pyarrow.float64()).to_numpy() / 1e6
        return Column(
            name=name, numbers=blank, text=np.flatnonzero(~np.isnan(seconds)), seconds=seconds
        )
    if (
        types.is_integer(column.type)
        or types.is_floating(column.type)
        or types.is_decimal(column.type)
    ):
        numbers = column.cast(pyarrow.float64(), safe=False).to_numpy()
        return Column(name=name, numbers=np.asarray(numbers, np.float64), text=none)
    known = column.is_valid().to_numpy()
    return Column(name=name, numbers=blank, text=np.flatnonzero(known))


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
