"""A recording of sensors from a user's own file, read as every command reads it, and cleaned."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.frame import Frame
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.purpose import assign
from stillwatch.runtime.tables.reading import read_frame
from stillwatch.runtime.tables.times.axis import Timing, timing
from stillwatch.train.data.tables.cleaning import fill_missing, last_of_each_time
from stillwatch.train.data.tables.recording import Recording

__all__ = ["load_recording"]


def load_recording(
    path: str | Path,
    *,
    options: ReadOptions | None = None,
    columns: Sequence[str] = (),
    missing: str = "refuse",
) -> Recording:
    """Returns the recording in a file, cleaned.

    options: how the file is read. Where it has a time column, rows are in
    order; of rows with the same time the last one stands, and windows do not
    reach over a gap. columns: the channels, by default every column of
    numbers that is for nothing else. missing: "refuse", "forward" or
    "interpolate", for cells without a value. Raises InputError in one line,
    naming row, column and cell.
    """
    options = options or ReadOptions()
    frame = read_frame(path, options)
    assignment = assign(frame, options, columns or None)
    wanted, values = assignment.channels, frame.values(assignment.channels)
    if missing == "refuse":
        _refuse_missing(values, frame, wanted)
    remarks: list[str] = []
    gaps: tuple[int, ...] = ()
    period: float | None = None
    if assignment.time is not None:
        when, time_column = assignment.time.values, assignment.time.name
        try:
            kept = last_of_each_time(when)
        except InputError as error:
            raise InputError(
                f"{frame.name}, column {time_column!r}: {error}, or --exclude {time_column!r}"
            ) from error
        result = timing(when[kept])
        remarks += _time_remarks(int((~kept).sum()), result, np.flatnonzero(kept))
        values, gaps = values[kept], result.gaps
        if assignment.time.dated:  # the unit of any other column of times is not known
            period = result.step or None
    segments, filled, dropped = _cleaned(values, gaps, missing, frame.name, wanted)
    if filled:
        remarks.append(f"{filled} cells without a value were filled ({missing})")
    if dropped:
        remarks.append(f"{dropped} rows dropped: no value to fill them from")
    constant = np.flatnonzero(np.ptp(np.concatenate(segments), axis=0) == 0)
    if len(constant):
        names = ", ".join(wanted[c] for c in constant[:5]) + ", ..." * (len(constant) > 5)
        remarks.append(f"{len(constant)} channels never change ({names}): centred, not scaled")
    return Recording(
        name=Path(frame.name).name,
        channels=tuple(wanted),
        segments=segments,
        remarks=tuple(remarks),
        columns=tuple(assignment.remarks(timing=False)),
        period=period,
    )


def _refuse_missing(values: Float64, frame: Frame, names: Sequence[str]) -> None:
    empty = np.isnan(values)
    if empty.any():
        row, channel = np.argwhere(empty)[0]
        raise InputError(
            f"{frame.at(int(row))}, column {names[channel]!r}: there is no value "
            f"({int(empty.sum())} such cells in all); --missing forward or interpolate fills them"
        )


def _cleaned(
    values: Float64, gaps: Sequence[int], missing: str, name: str, names: Sequence[str]
) -> tuple[tuple[Float64, ...], int, int]:
    """Returns the segments between gaps without NaN, cells filled, and rows dropped."""
    cleaned = [fill_missing(part, missing) for part in np.split(values, gaps)]
    segments = tuple(part for part, _ in cleaned if len(part))
    if not segments:
        whole = [n for n, lost in zip(names, np.isnan(values).all(axis=0), strict=True) if lost]
        why = f"column {whole[0]!r} has no value at all" if whole else "no row could be filled"
        raise InputError(f"{name}: no rows are left after cleaning: {why}")
    return segments, sum(n for _, n in cleaned), len(values) - sum(map(len, segments))


def _time_remarks(duplicates: int, result: Timing, rows: AnyArray) -> list[str]:
    remarks = []
    if duplicates:
        remarks.append(f"{duplicates} rows have the time of the next one: the last of each stands")
    if result.gaps:
        remarks.append(
            f"{len(result.gaps)} gaps in time, the first before row {rows[result.gaps[0]] + 1}: no "
            "training window reaches over one"
        )
    if result.irregular:
        remarks.append(f"{result.irregular} steps in time are not the usual {result.step:g}")
    return remarks
