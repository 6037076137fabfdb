"""CSV lines of a stream: their form recognised by the first ones, as a file's is."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.cells import split_cells
from stillwatch.runtime.tables.dialect import decimal_mark, recognise
from stillwatch.runtime.tables.options import ReadOptions

__all__ = ["CsvLines"]

_SHOWN = 80  # characters of a bad line that its error line repeats


class CsvLines:
    """Splits lines into cells. delimiter, decimal: None as long as no line has shown them."""

    def __init__(self, delimiter: str | None, decimal: str | None) -> None:
        """Takes what is known beforehand."""
        self.delimiter, self.decimal = delimiter, decimal
        self._hash: str | None = None  # the line with # above: a header, as NumPy writes it, or not

    def first(self, text: str) -> list[str] | None:
        """Returns the cells of the first line; None for one above it: a comment, or `sep=;`."""
        if text[:4].casefold() == "sep=" and len(text) == len("sep=;"):
            self.delimiter = self.delimiter or text[-1]
            return None
        if text.startswith("#"):
            self._hash = text
            return None
        options = ReadOptions(delimiter=self.delimiter, header=True)
        dialect = recognise([text], options, "the first line")
        self.delimiter = dialect.delimiter
        return self.cells(text)

    def names_above(self, cells: Sequence[str]) -> list[str] | None:
        """Returns the names in the line above the first one, where it has them."""
        if self._hash is None or self.delimiter is None:
            return None
        above, self._hash = self._hash, None
        options = ReadOptions(delimiter=self.delimiter, decimal=self.decimal)
        dialect = recognise([above, self.delimiter.join(cells)], options, "the first line")
        return list(dialect.names) if dialect.header == 0 else None

    def cells(self, text: str) -> list[str]:
        """Returns the cells of a line; raises InputError."""
        try:
            row = next(split_cells([text], self.delimiter or ","))
        except (csv.Error, StopIteration) as error:
            raise InputError(f"expected CSV, got {text[:_SHOWN]!r}") from error
        if self.decimal is None:
            self.decimal = decimal_mark(row)
        return row

    def state(self) -> dict[str, Any]:
        """Returns what `restore` takes, as JSON has it."""
        return {"delimiter": self.delimiter, "decimal": self.decimal, "hash": self._hash}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; one of before 0.2 has commas between cells."""
        self.delimiter = state.get("delimiter", ",")
        self.decimal = state.get("decimal", ".")
        self._hash = state.get("hash")
