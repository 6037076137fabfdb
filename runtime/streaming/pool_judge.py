"""A judge of streams that each go at their own pace: places in one state, gathered as they step."""

import numpy as np

from stillwatch.runtime.alarms.judge.judge import Judge, Whole
from stillwatch.runtime.alarms.judge.many import ManyState
from stillwatch.runtime.alarms.judge.state import mapped, repeated
from stillwatch.runtime.alarms.judged import ENDS, Judged
from stillwatch.runtime.alarms.policies.rule import Budget
from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["PooledJudge"]


class PooledJudge:
    """What `Judge` says of each stream alone, of any of them at a time."""

    def __init__(self, budget: Budget, channels: int) -> None:
        """A judge of no streams yet; `grow` makes places."""
        self._judge = Judge(budget.spec, budget.events, 1, channels)
        self._rows = self._judge.first_rows
        blank = self._judge.whole or self._judge.beginning_with(np.zeros((max(2, self._rows), 1)))
        self._blank = _by_stream(blank)
        self._whole = mapped(self._blank, lambda array: array[..., :0])
        self._first: Float64 = np.empty((self._rows, 0))
        self._taken = np.empty(0, np.int64)  # of these rows

    def grow(self, places: int) -> None:
        """Makes so many places in all; a new one is as a stream that has seen nothing."""
        more = places - len(self._taken)
        fresh = repeated(self._blank, more)
        self._whole = _joined(self._whole, fresh)
        self._first = np.concatenate([self._first, np.zeros((self._rows, more))], axis=1)
        self._taken = np.concatenate([self._taken, np.zeros(more, np.int64)])

    def arrays(self) -> list[AnyArray]:
        """Returns the arrays (..., places) that hold the state, but for the first rows.

        To be written to in place.
        """
        return [self._taken, *_listed(self._whole)]

    def credit(self, places: AnyArray) -> Float64:
        """Returns what is left of the streams' budgets (B,), in events."""
        result: Float64 = self._whole.account.credit[places]
        return result

    def held(self, place: int) -> Float64:
        """Returns the first rows that a stream has brought, while it has not begun to judge."""
        taken = self._taken[place]
        return self._first[: taken if taken < self._rows else 0, place]

    def hold(self, place: int, figures: Float64) -> Float64:
        """Takes what `held` returned, and returns the figures after it; raises ValueError."""
        taken = int(self._taken[place])
        count = taken if taken < self._rows else 0
        if not 0 <= taken <= self._rows or len(figures) < count:
            raise ValueError(f"{taken} rows that a judge begins with")
        if not np.isfinite(figures[:count]).all():
            raise ValueError("rows that are not finite")
        self._first[:, place] = 0
        self._first[:count, place] = figures[:count]
        return figures[count:]

    def until_change(self, places: AnyArray) -> int:
        """Returns how many rows these places can take before one of them begins to judge."""
        left = self._rows - self._taken[places]
        left = left[left > 0]
        return int(left.min()) if len(left) else 2**31

    def advance(
        self, places: AnyArray, values: Float64, score: AnyArray, alarm: Bool, *, silent: bool
    ) -> Judged:
        """Returns what rows (B, T, C) of streams in these places come to.

        No more than `until_change` rows. score, alarm: (B, T). silent: the
        rows have no score yet, and no alarm.
        """
        begins = self._taken[places] < self._rows
        if begins.any():
            if not begins.all():
                return self._apart(places, begins, values, score, alarm, silent=silent)
            return self._take_first(places, values, score, alarm)
        whole = mapped(self._whole, lambda array: array[..., places])
        judge = self._judge.going_on(whole)
        rows = values.shape[1]
        judged = judge.advance(values, score, alarm, unanswered=rows if silent else 0)
        assert judge.whole is not None  # noqa: S101  (it went on from one)
        _put(self._whole, judge.whole, places)
        return judged

    def _apart(
        self,
        places: AnyArray,
        begins: Bool,
        values: Float64,
        score: AnyArray,
        alarm: Bool,
        *,
        silent: bool,
    ) -> Judged:
        out = Judged.none(*values.shape)
        for part in (begins, ~begins):
            given = (places[part], values[part], score[part], alarm[part])
            result = self.advance(*given, silent=silent)
            for into, array in zip(out, result, strict=True):
                into[part] = array
        return out

    def _take_first(
        self, places: AnyArray, values: Float64, score: AnyArray, alarm: Bool
    ) -> Judged:
        """Takes rows that an unfitted judge begins with; until then the network's alarms hold."""
        del score
        out = Judged.none(*values.shape)
        out.alarm[...] = alarm
        out.mark[...] = np.where(alarm, 0, ENDS)
        rows = values.shape[1]
        for row in range(rows):
            self._first[self._taken[places] + row, places] = values[:, row, 0]
        self._taken[places] += rows
        ready = places[self._taken[places] == self._rows]
        if len(ready):
            _put(self._whole, _by_stream(self._judge.beginning_with(self._first[:, ready])), ready)
            self._first[:, ready] = 0
        return out


def _by_stream(whole: Whole) -> Whole:
    """Returns the state with the count of rows of each stream its own."""
    weighing = whole.weighing
    if isinstance(weighing, ManyState):
        return whole
    rows = np.full(whole.centre.shape[1], weighing.filters.row, np.int64)
    return whole._replace(weighing=weighing._replace(filters=weighing.filters._replace(row=rows)))


def _joined(one: Whole, other: Whole) -> Whole:
    """Returns the streams of both, in new memory."""
    parts = iter(_listed(other))
    return mapped(one, lambda array: np.concatenate([array, next(parts)], axis=-1))


def _put(into: Whole, whole: Whole, places: AnyArray) -> None:
    """Writes the state of some streams to their places."""
    for array, part in zip(_listed(into), _listed(whole), strict=True):
        array[..., places] = part


def _listed(whole: Whole) -> list[AnyArray]:
    result: list[AnyArray] = []

    def keep(array: Float64) -> Float64:
        result.append(array)
        return array

    mapped(whole, keep)
    return result
