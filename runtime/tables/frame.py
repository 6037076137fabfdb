"""A table as its file holds it: named columns of numbers or text, and the records as they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stillwatch.runtime.arrays import LARGEST, AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.header import find_column

__all__ = ["Column", "Frame", "Records"]


class Records(Protocol):
    """The rows of a file, counted from 0, as it wrote them."""

    @property
    def delimiter(self) -> str:
        """What parts the cells of a line."""

    @property
    def decimal(self) -> str:
        """The decimal mark."""

    @property
    def header(self) -> str:
        """The line of names."""

    def __len__(self) -> int:
        """How many rows there are."""

    def cells(self, row: int) -> list[str]:
        """Returns the cells of a row."""

    def column(self, place: int) -> list[str]:
        """Returns the cells of a column."""

    def line(self, row: int) -> str:
        """Returns a row as a line of text, without its end."""

    def where(self, row: int) -> str:
        """Returns what a message calls a row."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as numbers (T,): NaN where there is no value, and where there is text.

    text: the rows with text; of a column that begins with it, the first alone.
    seconds: since 1970, where the file itself says that these are times.
    """

    name: str
    numbers: Float64
    text: AnyArray
    seconds: Float64 | None = None

    @property
    def numeric(self) -> bool:
        """Whether the first cell with anything in it is a number; False where all are empty."""
        known = np.flatnonzero(~np.isnan(self.numbers))
        return bool(len(known)) and not (len(self.text) and self.text[0] < known[0])


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A file's columns in its order, and its records. name: what messages call the file."""

    name: str
    columns: tuple[Column, ...]
    records: Records

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns; they need not differ."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Returns the column of a name; raises InputError where it is not there, or twice."""
        return self.columns[find_column(self.names, name, self.name)]

    def values(self, names: Sequence[str]) -> Float64:
        """Returns columns (T, C), NaN for a missing cell; raises InputError for the first bad one.

        A cell of text is bad, and a number that float32 does not hold.
        """
        columns = [self.column(name) for name in names]
        values = np.column_stack([column.numbers for column in columns])
        first: tuple[int, str, str] | None = None
        for column, numbers in zip(columns, values.T, strict=True):
            large = np.flatnonzero(np.abs(numbers) > LARGEST)
            for rows, expected in ((column.text, "a number"), (large, "a finite float32 number")):
                if len(rows) and (first is None or rows[0] < first[0]):
                    first = int(rows[0]), column.name, expected
        if first is not None:
            row, name, expected = first
            cell = self.records.cells(row)[self.names.index(name)]
            raise InputError(
                f"{self.at(row)}, column {name!r}: expected {expected}, got {cell!r}"
                + self._advice(cell)
            )
        return values

    def at(self, row: int) -> str:
        """Returns what a message calls a row of this file."""
        return f"{self.name}, {self.records.where(row)}"

    def _advice(self, cell: str) -> str:
        if "," in cell and self.records.decimal == ".":
            return "; --decimal ',' reads a decimal comma; thousands must not be parted"
        if "." in cell and self.records.decimal == ",":
            return "; the decimal mark is a comma here, and thousands must not be parted: --decimal"
        return ""
