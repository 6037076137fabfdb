"""Fleets: many streams over one model that step together."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeGuard

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.alarms.policies.rule import AlarmRule, Budget
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.result import Result
from stillwatch.runtime.scoring.inputs import as_array, as_batch
from stillwatch.runtime.scoring.model import Answers, Model
from stillwatch.runtime.scoring.scaling import (
    Moments,
    history_figures,
    history_moments,
    rolling_moments,
)
from stillwatch.runtime.streaming.restore import read_kept
from stillwatch.runtime.streaming.snapshot import pack, unpack
from stillwatch.runtime.streaming.tracks import Causal, Windowed

if TYPE_CHECKING:
    from stillwatch.runtime.alarms.judge.judge import Judge

__all__ = ["Fleet"]


class Fleet:
    """N streams that get a sample each at every step; a single stream is a fleet of one.

    A sample scores the same whether it comes alone, in a chunk of any size or
    within a whole series. Not for use by two threads at once.
    """

    def __init__(
        self,
        model: Model,
        streams: int,
        *,
        fixed: Moments | None,
        rule: AlarmRule,
        stride: int,
        threads: int = 1,
    ) -> None:
        """Use `Detector.fleet`."""
        info = model.info
        self.model = model
        self.streams = streams
        self.fixed = fixed
        self.rule = rule
        self.answered = 0  # rows that have their answer
        self.finished = False
        self._stride = stride
        self._history: Float64 = np.empty((streams, 0, len(info.channels)))
        self._history_length = 0 if fixed else info.scaling.history
        self._recent = np.empty((streams, 0), np.float32)  # scores, for a threshold that rolls
        channels = len(info.channels)
        self._unjudged: Float64 = np.empty((streams, 0, channels))  # rows without an answer yet
        self.judge = None if rule.budget is None else _judge(rule.budget, streams, channels)
        if info.state:
            self.track: Causal | Windowed = Causal(model, streams, rule, fixed)
        else:
            self.track = Windowed(model, streams, rule, stride, threads)
        # Where nothing but the graph has a say, an array of numbers can go straight to it.
        plain = fixed is not None and len(info.channels) == 1
        plain = plain and rule.rolling is None and self.judge is None
        self._plain = self.track if plain and isinstance(self.track, Causal) else None

    @property
    def warm_up(self) -> int:
        """How many samples are still to come before the first answer."""
        return self._history_length - self._history.shape[1] + self.track.warm_up

    @property
    def pending(self) -> int:
        """How many samples wait for their window to fill."""
        return self.track.pending

    def extend(self, values: npt.ArrayLike) -> Result:
        """Returns the answers that the next samples of each stream bring, (N, T, C).

        (N, T) will do for one channel. The result is of the rows that have an
        answer now: of a causal model the samples themselves, NaN while they only
        fill the history; of a windowed model all rows of each window that fills.
        Raises InputError on bad values; the fleet then stands as before them.
        """
        raw = as_array(values, self.model.info)
        if raw.ndim == 2 and len(self.model.info.channels) == 1:
            raw = raw[..., None]
        rows = as_batch(raw, self.model.info)
        if raw.ndim != 3 or len(rows) != self.streams:
            raise InputError(
                f"expected samples of {self.streams} streams as (N, T, C), got shape {raw.shape}"
            )
        return self.advance(rows)

    def update(self, values: npt.ArrayLike) -> Result:
        """Returns the answers that one sample of each stream brings, (N, C) or (N,)."""
        if (
            self._plain
            and self._is_plain(values)
            and self._plain.step_plainly(values.reshape(-1, 1, 1))
        ):
            return self._result(self._plain.stepper.answers())
        raw = as_array(values, self.model.info)
        return self.extend(raw[:, None] if raw.ndim else raw)

    def _is_plain(self, values: npt.ArrayLike) -> TypeGuard[AnyArray]:
        """Whether values are an array of one number a stream, for a fleet that goes on."""
        return (
            type(values) is np.ndarray
            and values.dtype.kind == "f"
            and values.shape in ((self.streams,), (self.streams, 1))
            and not self.finished
        )

    def advance(self, rows: Float64) -> Result:
        """As `extend`, of values that are checked already."""
        if self.finished:
            raise InputError("the stream is finished: begin another")
        if self.judge is not None:
            self._unjudged = np.concatenate([self._unjudged, rows], axis=1)
        if self.fixed is None:
            return self._result(Answers.joined(self._advance_rolling(rows)))
        return self._result(self._decided(self.track.advance(rows, self.fixed)))

    def scale(self, values: Float64 | float) -> Moments | None:
        """Returns the moments (N, 1, C) for one more row, and takes the row into the history.

        None where they are fixed. The history must be full.
        """
        if self.fixed is not None:
            return None
        moments = history_moments(self._history)
        self._history[:, :-1] = self._history[:, 1:]
        self._history[:, -1:] = values
        return Moments(moments.mean[:, None], moments.scale[:, None])

    def figures(self, value: float) -> tuple[float, float]:
        """As `scale` for one stream of one channel: mean and scale as numbers."""
        history = self._history.reshape(-1)  # (1, T, 1) as it lies
        figures = history_figures(history)
        history[:-1] = history[1:]
        history[-1] = value
        return figures

    def _advance_rolling(self, rows: Float64) -> list[Answers]:
        """Returns the answers for rows (N, T, C): none while they fill the history."""
        filling = min(self._history_length - self._history.shape[1], rows.shape[1])
        if not filling and rows.shape[1] == 1:
            moments = self.scale(rows)
            assert moments is not None  # noqa: S101  (they are not fixed here)
            return [self._decided(self.track.advance(rows, moments))]
        seen = np.concatenate([self._history, rows], axis=1)
        parts = [Answers.none(self.streams, filling, rows.shape[2])]
        if filling < rows.shape[1]:
            moments = _rolling(seen, self._history_length)
            parts.append(self._decided(self.track.advance(rows[:, filling:], moments)))
        keep = min(seen.shape[1], self._history_length)
        self._history = seen[:, seen.shape[1] - keep :].copy()
        return parts

    def finish(self) -> Result:
        """Returns the answers of the rows that no window has answered, and ends the streams.

        As for a file: the window that ends with the last row answers for them.
        A stream that has not filled a window has none.
        """
        if self.finished:
            raise InputError("the stream is finished: begin another")
        answers = self.track.finish(len(self.model.info.channels))
        self.finished = True
        return self._result(self._decided(answers))

    def snapshot(self) -> bytes:
        """Returns the fleet's state; `detector.fleet(n, saved)` goes on from it."""
        figures: dict[str, Any] = {
            "model": self.model.digest,
            "streams": self.streams,
            "stride": self._stride,
            "policy": self.rule.policy,
            "answered": self.answered,
            "finished": self.finished,
        }
        arrays: dict[str, AnyArray] = {"history": self._history, "recent": self._recent}
        if self.fixed is not None:
            arrays |= {"fixed_mean": self.fixed.mean, "fixed_scale": self.fixed.scale}
        if self.judge is not None:
            arrays |= {"unjudged": self._unjudged, **self.judge.arrays()}
        return pack("stream", figures | self.track.figures(), arrays | self.track.arrays())

    @classmethod
    def restored(cls, model: Model, saved: bytes, streams: int, *, threads: int = 1) -> Self:
        """Use `Detector.fleet`. Raises SnapshotError for one of another model, or damaged."""
        figures, arrays = unpack("stream", saved)
        if figures.get("model") != model.digest:
            raise SnapshotError(
                "the snapshot is of another model: load the capsule that it was made with"
            )
        if figures.get("streams") != streams:
            raise SnapshotError(
                f"the snapshot is of {figures.get('streams')} streams, {streams} were asked for"
            )
        try:
            kept = read_kept(figures, arrays, model.info, streams)
            fleet = cls(
                model,
                streams,
                fixed=kept.fixed,
                rule=kept.rule,
                stride=kept.stride,
                threads=threads,
            )
            fleet.answered, fleet.finished = kept.answered, kept.finished
            fleet._history, fleet._recent = kept.history, kept.recent
            fleet.track.restore(figures, arrays)
            if fleet.judge is not None:
                fleet._unjudged = kept.unjudged
                fleet.judge.restore(arrays)
        except (KeyError, TypeError, ValueError, OverflowError, InputError) as error:
            raise SnapshotError(f"the snapshot does not fit its schema: {error}") from error
        return fleet

    def _decided(self, answers: Answers) -> Answers:
        """Returns the answers with their alarms, and remembers scores for those to come."""
        rolling = self.rule.rolling
        if rolling is None:
            return answers
        decided = answers.decided(self.rule, self._recent)
        scores = np.concatenate([self._recent, answers.score], axis=1)
        self._recent = scores[:, -rolling.length :].copy()
        return decided

    def _result(self, answers: Answers) -> Result:
        start = self.answered
        self.answered += answers.score.shape[1]
        result = Result(
            answers.score,
            answers.alarm,
            answers.reconstruction,
            answers.error,
            answers.contribution,
            start,
        )
        if self.judge is None:
            return result
        rows = answers.score.shape[1]
        due, self._unjudged = self._unjudged[:, :rows], self._unjudged[:, rows:]
        unanswered = min(rows, max(0, self._history_length - start))
        judged = self.judge.advance(due, answers.score, answers.alarm, unanswered=unanswered)
        return replace(result, alarm=judged.alarm, judged=judged)


def _rolling(seen: Float64, history: int) -> Moments:
    """Returns the moments of the `history` rows before each later row of (N, T, C)."""
    streams, length, channels = seen.shape
    by_column = seen.transpose(1, 0, 2).reshape(length, -1)  # NTC -> (T, N * C)
    moments = rolling_moments(by_column, history)
    shape = (length - history, streams, channels)
    return Moments(
        moments.mean.reshape(shape).transpose(1, 0, 2),
        moments.scale.reshape(shape).transpose(1, 0, 2),
    )


def _judge(budget: Budget, streams: int, channels: int) -> "Judge":
    from stillwatch.runtime.alarms.judge.judge import Judge  # here, since few streams ask for one

    return Judge(budget.spec, budget.events, streams, channels)
