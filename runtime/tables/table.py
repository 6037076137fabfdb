"""A file of series as a model takes it: the channels' values, the times, and what is to be said."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.frame import Frame
from stillwatch.runtime.tables.header import select_columns
from stillwatch.runtime.tables.missing import carry_forward
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.purpose import Assignment, assign
from stillwatch.runtime.tables.reading import read_frame

__all__ = ["Table", "read_table"]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file: its columns and records, what they are for, and the channels' values (T, C).

    filled: how many cells without a value took the value before them.
    """

    frame: Frame
    assignment: Assignment
    values: Float64
    filled: int

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.frame.name

    @property
    def header(self) -> tuple[str, ...]:
        """The names of all columns."""
        return self.frame.names

    @property
    def channels(self) -> tuple[str, ...]:
        """The columns that were taken as channels, in their order."""
        return self.assignment.channels

    @property
    def times(self) -> Float64 | None:
        """When each row was taken, (T,): seconds since 1970, or the column's own unit."""
        return None if self.assignment.time is None else self.assignment.time.values

    def time_cells(self) -> list[str] | None:
        """Returns when each row was taken, as the file writes it; None where it does not say."""
        if self.assignment.time is None:
            return None
        return self.frame.records.column(self.header.index(self.assignment.time.name))

    @property
    def remarks(self) -> list[str]:
        """What a command says of the file, a line each."""
        filled = [f"{self.filled} cells filled forward"] if self.filled else []
        return [*self.assignment.remarks(), *filled]

    def cells(self, row: int) -> list[str]:
        """Returns the cells of a row as the file has them."""
        return self.frame.records.cells(row)


def read_table(
    path: str | Path,
    channels: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    options: ReadOptions | None = None,
    fill: bool = False,
) -> Table:
    """Returns the table in a file of text, Parquet or Arrow, packed or not.

    path: `-` is standard input. channels: the model's; columns: the file's,
    where they are named otherwise. With neither, every column of numbers that
    is for nothing else is a channel. fill: a cell without a value takes the
    last one of its channel; without it, such a cell is refused. Raises
    InputError naming the first cell that does not serve.
    """
    options = options or ReadOptions()
    frame = read_frame(path, options)
    wanted = columns
    if channels is not None:
        places = select_columns(frame.names, channels, columns, frame.name)
        wanted = [frame.names[place] for place in places]
    assignment = assign(frame, options, wanted)
    values, filled = frame.values(assignment.channels), 0
    if fill:
        values, filled = carry_forward(values)
    empty = np.isnan(values)
    if empty.any():
        row, place = map(int, np.argwhere(empty)[0])
        name = assignment.channels[place]
        cell = frame.records.cells(row)[frame.names.index(name)]
        advice = "--fill forward gives such a cell the last value before it"
        if fill:
            advice = "there is no value before it to fill it with"
        raise InputError(
            f"{frame.at(row)}, column {name!r}: expected a number, got {cell!r}; {advice}"
        )
    return Table(frame=frame, assignment=assignment, values=values, filled=filled)
