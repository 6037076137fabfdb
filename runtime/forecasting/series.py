"""A regular series in a table: what is forecast, what is read beside it, and its times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.times import Step, parse_times, step_of
from stillwatch.runtime.tables.header import find_column, select_columns
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.table import Table, read_table

__all__ = ["Series", "read_series"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """values: (T, C + K), the columns' own units. times: (T,) datetime64, or None; so the step.

    filled: how many cells took the value before them. last_time: as the file has it.
    """

    name: str
    columns: tuple[str, ...]
    values: Float64
    times: AnyArray | None
    step: Step | None
    filled: int
    last_time: str = ""
    time_column: str = ""

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.values)

    def ordered(self, columns: Sequence[str]) -> "Series":
        """Returns the series with these of its columns, in this order; raises InputError."""
        places = select_columns(self.columns, columns, None, self.name)
        return replace(self, columns=tuple(columns), values=self.values[:, places])


def read_series(
    path: str | Path,
    columns: Sequence[str] | None,
    time_column: str | None,
    *,
    fill: bool = False,
    names: Sequence[str] | None = None,
    timed: bool = True,
    reading: ReadOptions | None = None,
) -> Series:
    """Returns the series in a file.

    columns: None for every column of numbers that is for nothing else. names:
    the file's own for these columns, where they differ. timed: whether the
    time column must be there; where it need not and is not, there are no
    times. reading: how the file is read, but for its time column. Raises
    InputError for a column that is missing, cells that are no numbers, and
    times that are not regular.
    """
    options = replace(reading or ReadOptions(), time_column=time_column if timed else None)
    table = read_table(path, columns, names, options=options, fill=fill)
    if not timed and time_column not in table.header:
        time_column = None
    times = step = None
    last = ""
    if time_column is not None:
        cells = _column(table, time_column, str(path))
        where = f"{path}, column {time_column!r}"
        times = parse_times(cells, where)
        step = step_of(times, where)
        last = cells[-1]
    return Series(
        name=Path(path).name,
        columns=tuple(table.channels if columns is None else columns),
        values=table.values,
        times=times,
        step=step,
        filled=table.filled,
        last_time=last,
        time_column=time_column or "",
    )


def _column(table: Table, name: str, path: str) -> list[str]:
    place = find_column(table.header, name, path, "name the times' with --time-column")
    return table.frame.records.column(place)
