"""Reads a recording of sensors from a user's own CSV or Parquet file, and cleans it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.tables.cleaning import Timing, fill_missing, last_of_each_time, timing
from stillwatch.train.data.tables.frame import numbers, numeric_columns, read_frame, times
from stillwatch.train.data.tables.recording import Recording

__all__ = ["load_recording"]


def load_recording(
    path: Path,
    *,
    time_column: str | None = None,
    columns: Sequence[str] = (),
    missing: str = "refuse",
) -> Recording:
    """Returns the recording in a CSV or Parquet file, cleaned.

    time_column: times in ISO 8601, or numbers, in order; of rows with the
    same time the last one stands, and windows do not reach over a gap.
    columns: the channels, by default every other column that begins with a
    number. missing: "refuse", "forward" or "interpolate", for cells without
    a value. Raises InputError in one line, naming row, column and cell.
    """
    frame = read_frame(path)
    if not len(frame):
        raise InputError(f"{path} has a header and no rows")
    wanted = list(columns) or numeric_columns(frame, time_column)
    for name in [*wanted, *([time_column] if time_column else [])]:
        if list(frame.columns).count(name) != 1:
            problem = "no column" if name not in frame.columns else "more than one column"
            shown = ", ".join(map(repr, frame.columns))
            raise InputError(f"{path} has {problem} {name!r}: it has {shown}")
    if not wanted:
        raise InputError(f"{path} has no column of numbers beside {time_column!r}")
    values = np.column_stack([numbers(frame[name], name, path) for name in wanted])
    if missing == "refuse":
        _refuse_missing(values, path, wanted)
    remarks: list[str] = []
    gaps: tuple[int, ...] = ()
    if time_column:
        when = times(frame[time_column], time_column, path)
        try:
            kept = last_of_each_time(when)
        except InputError as error:
            raise InputError(f"{path}, column {time_column!r}: {error}") from error
        found = timing(when[kept])
        remarks += _time_remarks(int((~kept).sum()), found, np.flatnonzero(kept))
        values, gaps = values[kept], found.gaps
    segments, filled, dropped = _cleaned(values, gaps, missing, path, wanted)
    if filled:
        remarks.append(f"{filled} cells without a value were filled ({missing})")
    if dropped:
        remarks.append(f"{dropped} rows dropped: no value to fill them from")
    constant = np.flatnonzero(np.ptp(np.concatenate(segments), axis=0) == 0)
    if len(constant):
        names = ", ".join(wanted[c] for c in constant[:5]) + ", ..." * (len(constant) > 5)
        remarks.append(f"{len(constant)} channels never change ({names}): centred, not scaled")
    return Recording(
        name=path.name, channels=tuple(wanted), segments=segments, remarks=tuple(remarks)
    )


def _refuse_missing(values: Float64, path: Path, names: Sequence[str]) -> None:
    empty = np.isnan(values)
    if empty.any():
        row, channel = np.argwhere(empty)[0]
        raise InputError(
            f"{path}, row {row + 1}, column {names[channel]!r}: there is no value "
            f"({int(empty.sum())} such cells in all); --missing forward or interpolate fills them"
        )


def _cleaned(
    values: Float64, gaps: Sequence[int], missing: str, path: Path, names: Sequence[str]
) -> tuple[tuple[Float64, ...], int, int]:
    """Returns the segments between gaps without NaN, cells filled, and rows dropped."""
    cleaned = [fill_missing(part, missing) for part in np.split(values, gaps)]
    segments = tuple(part for part, _ in cleaned if len(part))
    if not segments:
        whole = [n for n, lost in zip(names, np.isnan(values).all(axis=0), strict=True) if lost]
        why = f"column {whole[0]!r} has no value at all" if whole else "no row could be filled"
        raise InputError(f"{path}: no rows are left after cleaning: {why}")
    return segments, sum(n for _, n in cleaned), len(values) - sum(map(len, segments))


def _time_remarks(duplicates: int, found: Timing, rows: AnyArray) -> list[str]:
    remarks = []
    if duplicates:
        remarks.append(f"{duplicates} rows have the time of the next one: the last of each stands")
    if found.gaps:
        remarks.append(
            f"{len(found.gaps)} gaps in time, the first before row {rows[found.gaps[0]] + 1}: no "
            "training window reaches over one"
        )
    if found.irregular:
        remarks.append(f"{found.irregular} steps in time are not the usual {found.step:g}")
    return remarks
