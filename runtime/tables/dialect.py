"""The form of a text table, recognised by its first lines: for files and for streams alike."""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.cells import MISSING, is_number, is_time, split_cells
from stillwatch.runtime.tables.options import ReadOptions

__all__ = ["SAMPLE", "Dialect", "decimal_mark", "is_comment", "recognise"]

SAMPLE = 200  # lines that are looked at
_DELIMITERS = (",", ";", "\t", "|")
_SHOWN = 60  # characters of a line that a message repeats
_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How lines of text hold a table.

    names: of the columns, channel_1 and so on where the file has none.
    header: the line that holds them, counted from 0; None: there is none.
    start: the first line of cells.
    """

    delimiter: str
    decimal: str
    names: tuple[str, ...]
    header: int | None
    start: int


def recognise(lines: Sequence[str], options: ReadOptions, name: str) -> Dialect:
    """Returns the dialect of a table that begins with these lines, SAMPLE of them at most.

    Raises InputError where there is no line, and for what is ambiguous: it
    names the line and the option that settles it.
    """
    beginning = _Beginning.of(lines[:SAMPLE], options)
    body = [lines[i] for i in beginning.body]
    if not body:
        raise InputError(f"{name} is empty: expected a header line and rows below it")
    start = beginning.body[0]
    whole = len(lines) <= SAMPLE
    delimiter = options.delimiter or beginning.declared or _delimiter(body, whole, name)
    rows = _split(body, delimiter, whole)
    decimal = options.decimal or _decimal(rows, beginning.body, name)
    first = [cell.strip() for cell in rows[0]]
    form = {"delimiter": delimiter, "decimal": decimal}
    if beginning.hash is not None and options.header is None:
        names = _hash_names(lines[beginning.hash], rows[0], form["decimal"], delimiter)
        if names is not None:
            return Dialect(**form, names=names, header=beginning.hash, start=start)
    named = options.header
    if named is None:
        named = _has_header(first, rows[1:], decimal, f"{name}, line {start + 1}")
    if named:
        return Dialect(**form, names=tuple(first), header=start, start=start + 1)
    names = tuple(f"channel_{i + 1}" for i in range(len(first)))
    return Dialect(**form, names=names, header=None, start=start)


@dataclass(frozen=True)
class _Beginning:
    """declared: what a line `sep=` says. hash: the last line with # on top. body: the others."""

    declared: str | None
    hash: int | None
    body: tuple[int, ...]

    @classmethod
    def of(cls, lines: Sequence[str], options: ReadOptions) -> "_Beginning":
        """Returns what the first lines are."""
        declared, hashed = None, None
        body: list[int] = []
        for number, line in enumerate(lines):
            if not line.strip() or is_comment(line, options.comment):
                continue
            if not body and declared is None and re.fullmatch("sep=.", line, re.IGNORECASE):
                declared = line[-1]
            elif not body and options.comment is None and line.startswith("#"):
                hashed = number
            else:
                body.append(number)
        return cls(declared, hashed, tuple(body))


def is_comment(line: str, mark: str | None) -> bool:
    """Whether a line begins with the comment mark."""
    return mark is not None and line.lstrip().startswith(mark)


def _split(body: Sequence[str], delimiter: str, whole: bool) -> list[list[str]]:
    """Returns the cells of a sample; a record that goes on behind its end is left out."""
    rows: list[list[str]] = []
    # The sample may end within quotes, and a defect is named where the whole is read.
    with contextlib.suppress(csv.Error):
        rows += (row for row in split_cells((line + "\n" for line in body), delimiter) if row)
    if not whole and len(rows) > 1 and any('"' in line for line in body):
        rows.pop()
    return rows or [body[0].split(delimiter)]


def _delimiter(body: Sequence[str], whole: bool, name: str) -> str:
    """Returns what parts the cells: the same number of cells in each row, most of them numbers."""
    ranked = []
    for delimiter in _DELIMITERS:
        rows = _split(body, delimiter, whole)
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width > 1:
            cells = [cell for row in rows for cell in row]
            numbers = sum(map(_is_figure, cells)) / len(cells)
            share = count / len(rows)
            ranked.append((share if share < 1 else 1 + numbers, delimiter))
    ranked.sort(key=lambda pair: -pair[0])
    if len(ranked) > 1 and ranked[0][0] == ranked[1][0] >= 1:
        raise InputError(
            f"{name}, line 1: cells may be parted by {ranked[0][1]!r} or {ranked[1][1]!r} "
            f"({body[0][:_SHOWN]!r}): --delimiter says by which"
        )
    return ranked[0][1] if ranked else ","


def _is_figure(cell: str) -> bool:
    cell = cell.strip()
    return is_number(cell) or _COMMA.fullmatch(cell) is not None or is_time(cell)


def _decimal(rows: Sequence[Sequence[str]], lines: Sequence[int], name: str) -> str:
    """Returns the decimal mark of a sample's cells; raises InputError where both occur."""
    commas, points = [], []
    for line, row in zip(lines, rows, strict=False):
        for cell in map(str.strip, row):
            if _COMMA.fullmatch(cell):
                commas.append((line + 1, cell))
            elif _POINT.fullmatch(cell):
                points.append((line + 1, cell))
    if not commas:
        return "."
    number, cell = commas[0]
    remedy = "--decimal ',' or '.' says which mark is the decimal one"
    if points:
        raise InputError(
            f"{name}, line {number}: {cell!r} has a decimal comma and {points[0][1]!r} in line "
            f"{points[0][0]} a decimal point: {remedy}"
        )
    if all(_THOUSANDS.fullmatch(cell) for _, cell in commas):
        raise InputError(
            f"{name}, line {number}: {cell!r} may have a decimal comma or thousands: {remedy}"
        )
    return ","


def decimal_mark(cells: Sequence[str]) -> str | None:
    """Returns the decimal mark that a row shows, None where it shows none; raises InputError."""
    commas = [cell for cell in map(str.strip, cells) if _COMMA.fullmatch(cell)]
    points = [cell for cell in map(str.strip, cells) if _POINT.fullmatch(cell)]
    if commas and (points or all(map(_THOUSANDS.fullmatch, commas))):
        raise InputError(
            f"{commas[0]!r} may have a decimal comma or thousands: --decimal ',' or '.' says which"
        )
    return "," if commas else "." if points else None


def _hash_names(
    line: str, row: Sequence[str], decimal: str, delimiter: str
) -> tuple[str, ...] | None:
    """Returns the names in a line such as NumPy writes above numbers: `# time,value`."""
    names = _split([line.lstrip("# \t")], delimiter, True)[0]
    alone = len(names) == 1 and " " in names[0]
    if alone or len(names) != len(row) or not any(is_number(cell, decimal) for cell in row):
        return None
    return tuple(map(str.strip, names))


def _has_header(
    first: Sequence[str], rows: Sequence[Sequence[str]], decimal: str, where: str
) -> bool:
    """Whether the first row holds names; raises InputError where it may hold either."""

    def is_data(cell: str) -> bool:
        return cell.strip() in MISSING or is_number(cell, decimal) or is_time(cell)

    numbers = [is_number(cell, decimal) for cell in first]
    remedy = "--header says that they are names, --no-header that they are values"
    counted = [str(i) for i in range(len(first))]
    if len(first) > 1 and list(first) == counted:
        raise InputError(f"{where} holds 0 to {len(first) - 1}, names or values: {remedy}")
    if len(first) > 1 and list(first) == ["", *counted[:-1]]:
        return True  # of a data frame whose columns have no names
    if all(map(is_data, first)):
        return not any(numbers)
    below = next((row for row in rows if len(row) == len(first)), None)
    named = below is None or any(
        is_data(cell) and not is_data(name) for name, cell in zip(first, below, strict=True)
    )
    if any(numbers) and not named:
        shown = ", ".join(first)[:_SHOWN]
        raise InputError(f"{where} may hold names or values ({shown!r}): {remedy}")
    return True
