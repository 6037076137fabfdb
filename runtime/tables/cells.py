"""Cells of text: split at a delimiter, and read as numbers."""

import contextlib
import csv
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.errors import InputError

__all__ = [
    "MISSING",
    "is_number",
    "is_time",
    "parse_cells",
    "split_cells",
    "split_rows",
    "to_number",
]

# What stands for no value, as pandas reads it.
MISSING = frozenset(
    [
        *("", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "n/a", "NA", "NULL", "null", "None"),
        *("NaN", "nan", "NAN", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    ]
)
_DAYS = r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
_TIME = re.compile(rf"{_DAYS}([T ]+\d{{1,2}}:\d{{2}}.*)?")


def split_cells(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yields the cells of each record, however long they are; raises csv.Error.

    A record may go on over several lines within quotes.
    """
    with _any_length():
        yield from csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def split_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Returns the cells of records that are whole, all at once; raises csv.Error."""
    with _any_length():
        return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))


@contextlib.contextmanager
def _any_length() -> Iterator[None]:
    """Lifts csv's limit of 131,072 characters a cell, which belongs to the whole process."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def to_number(cell: str, decimal: str = ".") -> float:
    """Returns a cell's number, NaN for a missing token; raises ValueError for anything else.

    The underscores and the other mark that Python would take or that might
    part thousands are refused.
    """
    cell = cell.strip()
    if cell in MISSING:
        return math.nan
    if "_" in cell or (decimal == "," and "." in cell):
        raise ValueError(f"not a number: {cell!r}")
    return float(cell.replace(",", ".") if decimal == "," else cell)


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell reads as a number, NaN included; an empty one does not."""
    try:
        to_number(cell, decimal)
    except ValueError:
        return False
    return bool(cell.strip())


def is_time(cell: str) -> bool:
    """Whether a cell looks like a date, with or without a time of day."""
    return _TIME.fullmatch(cell.strip()) is not None


def parse_cells(
    cells: Sequence[str],
    columns: Sequence[str],
    where: str,
    *,
    fill: bool,
    previous: Float64 | None,
    decimal: str = ".",
) -> tuple[Float64, int]:
    """Returns the numbers in `cells`, (C,), and how many of them came from `previous`.

    With `fill`, a cell without a value takes its place in `previous`. Raises
    InputError naming place, column and cell.
    """
    if not fill:
        previous = None
    numbers = np.empty(len(cells))
    filled = 0
    for i, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        try:
            numbers[i] = to_number(cell, decimal)
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
