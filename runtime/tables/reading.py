"""One reader for every file: text, Parquet, Feather or Arrow, packed or not, read once."""

from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.arrow import read_arrow
from stillwatch.runtime.tables.csv_text import read_csv
from stillwatch.runtime.tables.frame import Frame
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.source import is_arrow, read_source, source_name

__all__ = ["read_frame"]


def read_frame(path: str | Path, options: ReadOptions | None = None) -> Frame:
    """Returns the table in a file, all columns by name.

    path: `-` is standard input. Raises InputError in one line.
    """
    name, content = source_name(path), read_source(path)
    columns, records = (
        read_arrow(content, name)
        if is_arrow(content)
        else read_csv(content, options or ReadOptions(), name)
    )
    if not len(records):
        raise InputError(f"{name} has a header and no rows")
    return Frame(name=name, columns=columns, records=records)
