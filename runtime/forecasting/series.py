"""A regular series in a table: what is forecast, what is read beside it, and its times."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.times import Step, parse_times, step_of
from stillwatch.runtime.tables.header import find_column
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

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.values)


def read_series(
    path: str | Path,
    columns: Sequence[str],
    time_column: str | None,
    *,
    fill: bool = False,
    names: Sequence[str] | None = None,
) -> Series:
    """Returns the series in a CSV file.

    names: the file's own for these columns, where they differ. Raises
    InputError for a column that is missing, cells that are no numbers, and
    times that are not regular.
    """
    table = read_table(path, columns, names, fill=fill)
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
        columns=tuple(columns),
        values=table.values,
        times=times,
        step=step,
        filled=table.filled,
        last_time=last,
    )


def _column(table: Table, name: str, path: str) -> list[str]:
    place = find_column(table.header, name, path, "name the times' with --time-column")
    return table.frame.records.column(place)
