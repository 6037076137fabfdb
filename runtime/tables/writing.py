"""Tables written: the file's own records as they came, and columns behind them."""

import csv
import io
from collections.abc import Mapping, Sequence

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.table import Table

__all__ = ["to_csv"]


def to_csv(table: Table, added: Mapping[str, Sequence[str]]) -> str:
    """Returns the table as text, its own columns first, then the `added` ones.

    With the file's own delimiter and decimal mark, so that what reads the one
    reads the other. Raises InputError where the file already has a column of
    such a name.
    """
    taken = [name for name in added if name in table.header]
    if taken:
        raise InputError(
            f"the file already has columns {', '.join(map(repr, taken))}: rename or drop them"
        )
    records = table.frame.records
    delimiter = records.delimiter
    columns = list(added.values())
    if records.decimal == ",":
        columns = [[cell.replace(".", ",") for cell in column] for column in columns]
    quoted = delimiter == records.decimal  # cells with a decimal comma between commas
    lines = [delimiter.join([records.header, *(_quoted(name, delimiter) for name in added)])]
    for row, cells in enumerate(zip(*columns, strict=True) if columns else [()] * len(records)):
        if quoted:
            cells = tuple(_quoted(cell, delimiter) for cell in cells)
        lines.append(delimiter.join([records.line(row), *cells]))
    return "\n".join(lines) + "\n"


def _quoted(cell: str, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow([cell])
    return out.getvalue()
