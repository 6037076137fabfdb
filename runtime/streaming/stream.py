"""Streams: the detector's scores, one value or one chunk at a time."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import LARGEST, Float32, Float64
from stillwatch.runtime.dataframes import matched_row
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.result import Result
from stillwatch.runtime.scoring.inputs import as_array, as_batch
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.runtime.streaming.fleet import Fleet
from stillwatch.runtime.streaming.tracks import Causal

__all__ = ["Stream", "Verdict"]


class Verdict(NamedTuple):
    """The answer that one sample brings; reconstruction, error and contribution are (C,).

    row: which sample it is of. A causal model answers each sample itself; a
    windowed one all rows of the window that the sample fills, and this is the
    highest score among them: `extend` has them all. surprise: the highest of
    theirs in nats, where a judge was asked and has an answer.
    """

    score: float
    alarm: bool
    reconstruction: Float32
    error: Float32
    row: int
    contribution: Float32
    surprise: float | None = None


class Stream:
    """One sensor's stream over a shared detector.

    A sample scores the same whether it comes alone, in a chunk of any size or
    within a whole series. Not for use by two threads at once.
    """

    def __init__(self, fleet: Fleet) -> None:
        """Use `Detector.stream`."""
        self._fleet = fleet
        self._info = fleet.model.info
        self._names = self._info.channel_names
        # With one threshold for all, a single number can go straight to the graph.
        plain = fleet.rule.rolling is None and len(self._info.channels) == 1
        plain = plain and not fleet.finished
        self._causal = fleet.track if plain and isinstance(fleet.track, Causal) else None
        self._fixed = fleet.fixed is not None

    @property
    def warm_up(self) -> int:
        """How many samples are still to come before the first answer."""
        return self._fleet.warm_up

    @property
    def pending(self) -> int:
        """How many samples wait for their window to fill."""
        return self._fleet.pending

    @property
    def answered(self) -> int:
        """How many rows have had their answer."""
        return self._fleet.answered

    def update(self, value: npt.ArrayLike) -> Verdict | None:
        """Returns the verdict that one sample brings, (C,) or a number; None where none is due.

        None is the answer while a history or a window fills.
        """
        track = self._causal
        if track is not None and type(value) is float:
            if self._fixed and track.step_plainly(value):
                return self._verdict(value, track)
            if abs(value) <= LARGEST and not self.warm_up:
                self._step(value, track)
                return self._verdict(value, track)
        result = self.extend(np.atleast_1d(as_array(matched_row(value, self._names)))[None])
        if not len(result.score) or np.isnan(result.score[-1]):
            return None
        top = int(np.argmax(result.score))
        return Verdict(
            score=float(result.score[top]),
            alarm=bool(result.alarm.any()),
            reconstruction=result.reconstruction[top],
            error=result.error[top],
            row=result.start + top,
            contribution=result.contribution[top],
            surprise=_highest(result),
        )

    def extend(self, values: npt.ArrayLike) -> Result:
        """Returns the answers that the next chunk brings, (T, C), or (T,) for one channel.

        The result is of the rows that have an answer now: of a causal model the
        chunk's own, NaN and no alarm while they only fill the history; of a
        windowed model all rows of each window that fills, `start` the first of
        them. Raises InputError on a bad chunk; the stream then stands as before.
        """
        raw = as_array(values, self._info)
        rows: Float64 = as_batch(raw, self._info)
        if raw.ndim == 3:
            raise InputError(f"expected one series (T,) or (T, C), got shape {raw.shape}")
        return _single(self._fleet.advance(rows), raw.ndim)

    def finish(self) -> Result:
        """Returns the answers of the rows that no window has answered, and ends the stream.

        As for a file: the window that ends with the last row answers for them.
        """
        self._causal = None
        return _single(self._fleet.finish(), 2)

    def snapshot(self) -> bytes:
        """Returns the stream's state; `detector.stream(saved)` goes on from it."""
        return self._fleet.snapshot()

    def _step(self, value: float, track: Causal) -> None:
        """Takes a value that is not fed as it is by fixed moments."""
        if self._fixed:
            track.step(value, None)
            return
        mean, scale = self._fleet.figures(value)
        if not track.step_scaled(value, mean, scale):
            track.step(value, Moments(np.full((1, 1, 1), mean), np.full((1, 1, 1), scale)))

    def _verdict(self, value: float, track: Causal) -> Verdict:
        """Returns the answer of the step that was just taken."""
        stepper, fleet = track.stepper, self._fleet
        row = fleet.answered
        fleet.answered = row + 1
        restored, error, contribution = stepper.wide[:, 0, 0].copy()
        score, alarm, surprise = stepper.score.item(), stepper.alarm.item(), None
        if fleet.judge is not None:
            alarm, surprise = fleet.judge.judge_one(value, score, alarm)
        return Verdict(score, alarm, restored, error, row, contribution, surprise)


def _single(result: Result, axes: int) -> Result:
    """Returns the one stream's part of a fleet's result, (T,) for values (T,)."""
    reconstruction, error, contribution = (
        part[0, :, 0] if axes == 1 else part[0]
        for part in (result.reconstruction, result.error, result.contribution)
    )
    return replace(
        result,
        score=result.score[0],
        alarm=result.alarm[0],
        reconstruction=reconstruction,
        error=error,
        contribution=contribution,
        judged=None if result.judged is None else result.judged.of_stream(0),
    )


def _highest(result: Result) -> float | None:
    if result.surprise is None or np.isnan(result.surprise).all():
        return None
    return float(np.nanmax(result.surprise))
