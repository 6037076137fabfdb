"""When rows come: the usual step, gaps, repeats, rows out of order; said in words."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["TimeAxis", "Timing", "timing"]

_JITTER = 0.1  # of the usual step: what counts as regular still
_IRREGULAR_SHARE = 0.05  # of steps beyond the jitter: then the sampling itself is irregular
_GAP, _IRREGULAR_GAP = 1.5, 10.0  # usual steps from one row to the next: a row is missing


@dataclass(frozen=True, kw_only=True)
class TimeAxis:
    """The times of a file's rows.

    name: of their column. values: (T,), seconds since 1970, or what the
    column counts in where it counts from nothing known. form: how they are
    written. dated: whether they are since 1970.
    """

    name: str
    values: Float64
    form: str
    dated: bool

    def text(self, row: int) -> str:
        """Returns a row's time: ISO 8601 in UTC, or the number."""
        value = float(self.values[row])
        try:
            moment = datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            return f"{value:g}"
        return moment.isoformat(sep=" ").removesuffix("+00:00") if self.dated else f"{value:g}"

    def span(self, amount: float) -> str:
        """Returns a length of time with its unit, where that is known."""
        return f"{amount:g} s" if self.dated else f"{amount:g}"

    def remarks(self) -> list[str]:
        """Returns what there is to say of the times, a line each."""
        steps = np.diff(self.values)
        backward, repeated = np.flatnonzero(steps < 0), np.flatnonzero(steps == 0)
        step = timing(self.values[np.append(True, steps > 0)]).step if len(steps) else 0.0
        lines = [
            f"time: {self.name} ({self.form}), {self.text(0)} to {self.text(-1)}, "
            f"usually {self.span(step)} from row to row"
        ]
        if len(backward):
            lines.append(
                f"{len(backward)} rows are earlier than the row before them, the first is row "
                f"{backward[0] + 2}: rows are taken as they stand; sort them by time"
            )
        if len(repeated):
            lines.append(
                f"{len(repeated)} rows repeat the time of the row before them, the first is row "
                f"{repeated[0] + 2}"
            )
        if not len(backward):
            rows = np.flatnonzero(np.append(True, steps > 0))
            result = timing(self.values[rows])
            lines += self._gap_remarks(result, rows)
        return lines

    def _gap_remarks(self, result: "Timing", rows: AnyArray) -> list[str]:
        lines = []
        if result.gaps:
            row = int(rows[result.gaps[0]])
            length = float(self.values[row] - self.values[row - 1])
            lines.append(
                f"{len(result.gaps)} gaps in time, the first before row {row + 1}, of "
                f"{self.span(length)}: its rows follow each other as if there were none"
            )
        if result.irregular:
            lines.append(
                f"{result.irregular} steps in time are not the usual {self.span(result.step)}"
            )
        return lines


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When rows come. step: the usual time between two, seconds or the time column's own unit.

    gaps: the rows that come after one. irregular: steps that are neither
    usual nor gaps.
    """

    step: float
    gaps: tuple[int, ...]
    irregular: int


def timing(times: Float64) -> Timing:
    """Returns the usual step, gaps and irregular steps of times (T,) that strictly increase."""
    steps = np.diff(times)
    if not len(steps):
        return Timing(step=0.0, gaps=(), irregular=0)
    usual = float(np.median(steps))
    off = np.abs(steps - usual) > _JITTER * usual
    limit = _IRREGULAR_GAP if off.mean() > _IRREGULAR_SHARE else _GAP
    gaps = steps > limit * usual
    return Timing(
        step=usual,
        gaps=tuple(int(row) + 1 for row in np.flatnonzero(gaps)),
        irregular=int((off & ~gaps).sum()),
    )
