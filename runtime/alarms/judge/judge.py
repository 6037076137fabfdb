"""The judge: rows and scores in, alarms out; its state goes on from row to row."""

import copy
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.account import (
    Account,
    AccountState,
    account_step,
    start_account,
)
from stillwatch.runtime.alarms.judge.learning import (
    Learning,
    LearningState,
    learning_step,
    start_learning,
)
from stillwatch.runtime.alarms.judge.levels import base_level
from stillwatch.runtime.alarms.judge.many import ManyState, Weighed, many_step
from stillwatch.runtime.alarms.judge.one import One, OneState, one_centre, one_step, start_one
from stillwatch.runtime.alarms.judge.single.one_stream import Single
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judge.state import flat, kept_where, refilled
from stillwatch.runtime.alarms.judged import BEGINS, ENDS, LEARNT, NO_NUMBER, Judged
from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["BASE_SURPRISE", "Judge", "Whole"]

BASE_SURPRISE = 3.1  # nats: the base threshold of a judge of one channel without calibration


class Whole(NamedTuple):
    """All of a judge's state: centre and scale (C, B), its parts, account, learning."""

    centre: Float64
    scale: Float64
    weighing: OneState | ManyState
    account: AccountState
    learning: LearningState


class Judge:
    """Judges N streams that step together. Not for use by two threads at once.

    A judge of one channel without calibration takes its first P rows to begin
    with, and until then goes by the alarms that it is given.
    """

    def __init__(self, spec: JudgeSpec, budget: float, streams: int, channels: int) -> None:
        """budget: events a week."""
        self._rule = spec.constants
        self._account = Account(budget=budget, period=spec.period)
        self._learning = Learning()
        self._streams, self._channels = streams, channels
        self._base = BASE_SURPRISE
        if spec.levels:
            self._base = base_level(spec.levels, spec.weeks, budget)
        self._first: Float64 = np.empty((0, streams))  # rows that an unfitted judge begins with
        self._whole: Whole | None = None
        if spec.state:
            self._whole = Whole(
                np.repeat(np.array(spec.centre)[:, None], streams, axis=1),
                np.repeat(np.array(spec.scale)[:, None], streams, axis=1),
                spec.start(streams),
                start_account(self._account, channels, streams),
                start_learning(channels, streams),
            )
        # One stream of one channel goes in plain numbers, which have the state while it is live.
        self._single: Single | None = None
        if streams == 1 and isinstance(self._rule, One):
            self._single = Single(self._rule, self._account, self._learning, self._base)
        self._live = False

    @property
    def whole(self) -> Whole | None:
        """All of the state; None while an unfitted judge takes the rows that it begins with."""
        self._settle()
        return self._whole

    def going_on(self, whole: Whole) -> "Judge":
        """Returns a judge of the same rules that goes on from a state, of however many streams."""
        result = copy.copy(self)
        result._whole, result._streams = whole, whole.centre.shape[1]
        result._single, result._live = (
            None,
            False,
        )  # a state of several streams, each at its own row
        return result

    def beginning_with(self, first: Float64) -> Whole:
        """Returns the state that an unfitted judge of one channel begins with after rows (P, B)."""
        assert isinstance(self._rule, One)  # noqa: S101  (another is never unfitted)
        centre, scale = one_centre(first)
        streams = first.shape[1]
        return Whole(
            centre[None],
            scale[None],
            start_one((first - centre) / scale, self._rule),
            start_account(self._account, 1, streams),
            start_learning(1, streams),
        )

    @property
    def first_rows(self) -> int:
        """How many rows an unfitted judge begins with; 0 for one that calibration fitted."""
        if self._whole is not None or not isinstance(self._rule, One):
            return 0
        return int(self._rule.filters.rows)

    def advance(
        self, values: Float64, score: AnyArray, alarm: Bool, *, unanswered: int = 0
    ) -> Judged:
        """Returns what rows (N, T, C) come to that follow those before.

        values: the sensor's units. score, alarm: (N, T), the network's.
        unanswered: so many of the first rows have no score yet, and no alarm.
        """
        out = Judged.none(*values.shape)
        rows = np.ascontiguousarray(values.transpose(1, 2, 0))  # NTC -> TCN
        bad = ~(np.isfinite(values).all(axis=2) & np.isfinite(score))
        bad[:, :unanswered] = ~np.isfinite(values[:, :unanswered]).all(axis=2)
        any_bad = bad.any(axis=0).tolist()
        for row, x in enumerate(rows):
            if self._whole is None:
                out.alarm[:, row] = alarm[:, row]
                out.mark[:, row] = np.where(alarm[:, row], 0, ENDS)  # as without a judge
                self._take_first(x)
                continue
            if self._single is not None and not any_bad[row] and row >= unanswered:
                result = self._in_plain_numbers(self._single).judge(x.item())
                out.surprise[0, row], out.alarm[0, row], out.parts[0, row, 0] = result[:3]
                out.cost[0, row], out.mark[0, row] = result[3:]
                continue
            self._settle()
            self._judge(x, bad[:, row] if any_bad[row] else None, row < unanswered, out, row)
        return out

    def judge_one(self, value: float, score: float, alarm: bool) -> tuple[bool, float | None]:
        """Returns alarm and surprise, None for none, of one row of one stream of one channel.

        value, score: as one row of `advance` has them.
        """
        if self._single is not None and self._whole is not None and math.isfinite(score):
            row = self._in_plain_numbers(self._single).judge(value)
            return row.alarm, row.surprise
        one = np.array([[[value]]])
        judged = self.advance(one, np.array([[score]]), np.array([[alarm]]))
        surprise = judged.surprise.item()
        return bool(judged.alarm.item()), None if math.isnan(surprise) else surprise

    def _in_plain_numbers(self, single: Single) -> Single:
        """Returns what goes on in plain numbers, with the state."""
        if not self._live:
            whole = self._whole
            assert whole is not None  # noqa: S101  (the caller looked)
            assert isinstance(whole.weighing, OneState)  # noqa: S101  (of one spec)
            scaling = (whole.centre, whole.scale)
            single.load(scaling, whole.weighing, whole.account, whole.learning)
            self._live = True
        return single

    def _settle(self) -> None:
        """Has the state in arrays, where it was in plain numbers."""
        if self._live and self._single is not None and self._whole is not None:
            weighing, account, learning = self._single.unload()
            self._whole = self._whole._replace(
                weighing=weighing, account=account, learning=learning
            )
        self._live = False

    def _judge(self, x: Float64, bad: Bool | None, silent: bool, out: Judged, row: int) -> None:
        assert self._whole is not None  # noqa: S101  (the caller looked)
        before = self._whole
        if bad is not None:
            last = before.weighing
            known = last.filters.last[None] if isinstance(last, OneState) else last.repeats.last
            x = np.where(bad, known * before.scale + before.centre, x)
        scaled = (x - before.centre) / before.scale
        weighed, weighing = self._weigh(before.weighing, scaled)
        level, parts = weighed.level, weighed.parts
        if silent:
            level = np.full_like(level, -np.inf)
        if bad is not None:
            weighing = _kept(bad, before.weighing, weighing)
            level, parts = np.where(bad, np.inf, level), np.where(bad, 0.0, parts)
        paid, account = account_step(before.account, level, parts, self._base, self._account)
        now = (scaled, weighed.mean, weighed.scale)
        learnt, learning = learning_step(
            before.learning, paid, account.calm > self._account.calm, now, self._learning
        )
        self._whole = before._replace(weighing=weighing, account=account, learning=learning)
        out.surprise[:, row] = weighed.surprise
        out.alarm[:, row] = paid.alarm
        out.parts[:, row] = paid.parts.T
        out.cost[:, row] = paid.cost
        over = before.account.calm == self._account.calm
        if over.any() or paid.alarm.any() or learnt.any():  # few rows, of one stream
            ends = over & ~paid.alarm
            out.mark[:, row] = BEGINS * paid.begins + LEARNT * learnt + ENDS * ends
        if silent:
            out.surprise[:, row] = np.nan
        if bad is not None:
            out.surprise[bad, row] = np.nan
            out.mark[:, row] |= (NO_NUMBER * bad).astype(np.uint8)

    def _weigh(self, state: OneState | ManyState, x: Float64) -> tuple[Weighed, Any]:
        if isinstance(state, OneState):
            assert isinstance(self._rule, One)  # noqa: S101  (of one spec)
            return one_step(state, x[0], None, self._rule)
        assert not isinstance(self._rule, One)  # noqa: S101
        return many_step(state, x, self._rule)

    def _take_first(self, x: Float64) -> None:
        """Takes one of the rows that an unfitted judge begins with; with the last, it begins."""
        assert isinstance(self._rule, One)  # noqa: S101  (another is never unfitted)
        kept = self._first[-1] if len(self._first) else np.zeros(self._streams)
        self._first = np.concatenate([self._first, np.where(np.isfinite(x), x, kept)])
        if len(self._first) < self._rule.filters.rows:
            return
        self._whole = self.beginning_with(self._first)
        self._first = self._first[:0]

    def arrays(self) -> dict[str, AnyArray]:
        """Returns the state as a snapshot holds it."""
        self._settle()
        if self._whole is None:
            return {"judge.first": self._first}
        return {f"judge.{name}": array for name, array in flat(self._whole).items()}

    def restore(self, arrays: Mapping[str, AnyArray]) -> None:
        """Goes on from a state; raises ValueError for one that does not fit."""
        self._live = False
        if "judge.first" in arrays:
            first = arrays["judge.first"]
            rows = 0 if self._whole is not None else int(self._rule.filters.rows)  # type: ignore[union-attr]
            if first.ndim != 2 or first.shape[1] != self._streams or len(first) >= max(rows, 1):
                raise ValueError(f"first rows of shape {first.shape}")
            self._whole, self._first = None, first
            return
        try:
            self._whole = refilled(self._blank(), arrays, self._streams, "judge.")
        except KeyError as error:
            raise ValueError(
                f"it has no {error.args[0]}: an older stillwatch wrote it; start afresh without it"
            ) from error
        for name, array in flat(self._whole).items():
            if not (np.isfinite(array) | (name == "weighing.filters.slots")).all():
                raise ValueError(f"{name} is not finite")

    def _blank(self) -> Whole:
        """Returns a state of the form that this judge's has."""
        if self._whole is not None:
            return self._whole
        assert isinstance(self._rule, One)  # noqa: S101  (another is never unfitted)
        start = start_one(np.zeros((2, self._streams)), self._rule)
        wide = np.zeros((1, self._streams))
        account = start_account(self._account, 1, self._streams)
        return Whole(wide, wide, start, account, start_learning(1, self._streams))


def _kept(
    bad: Bool, before: OneState | ManyState, after: OneState | ManyState
) -> OneState | ManyState:
    """Returns the state after a row, of the streams (B,) whose row is bad as it was before.

    But rings are written in place: they take what stands in for the row, and so
    must the sum of one of them.
    """
    kept = kept_where(bad, before, after)
    if isinstance(kept, OneState) and isinstance(after, OneState):
        return kept._replace(filters=kept.filters._replace(sum=after.filters.sum))
    return kept
