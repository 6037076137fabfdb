"""Streams: the detector's scores, one value or one chunk at a time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.contract import OUTPUTS
from stillwatch.runtime.detector import WINDOWS_PER_CALL, Detector, Result, State, check_threshold
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scaling import Moments, rolling_moments

__all__ = ["Stream", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """The answer to one sample; reconstruction and error are (C,)."""

    score: float
    alarm: bool
    reconstruction: Float32
    error: Float32


class Stream:
    """One sensor's stream over a shared detector.

    A sample scores the same whether it comes alone, in a chunk of any size or
    within a whole series. Not for use by two threads at once.
    """

    def __init__(
        self, detector: Detector, *, fixed: Moments | None, threshold: float | None
    ) -> None:
        """Use `Detector.stream`."""
        policy = detector.info.scaling
        if not detector.info.state:
            raise InputError(
                "a model that wants whole windows cannot stream yet: score windows of "
                f"{detector.info.window} rows as they fill"
            )
        check_threshold(threshold)
        if fixed is None and policy.kind == "series":
            raise InputError(
                "a capsule with 'series' scaling wants the whole series before its first score: "
                "give mean and scale, or use a 'rolling' capsule such as nab-rds-online"
            )
        self._detector = detector
        self._fixed = fixed
        self._threshold = threshold
        self._history: Float64 = np.empty((0, len(detector.info.channels)))
        self._history_length = 0 if fixed else policy.history
        self._state: State | None = None
        self._position = 0  # in the window: a full one starts afresh

    @property
    def warm_up(self) -> int:
        """How many samples are still to come before the first answer."""
        return self._history_length - len(self._history)

    def update(self, value: npt.ArrayLike) -> Verdict | None:
        """Returns the verdict on one sample, (C,) or a number; None while history fills."""
        result = self.extend(np.atleast_1d(np.asarray(value))[None])
        if np.isnan(result.score[0]):
            return None
        return Verdict(
            score=float(result.score[0]),
            alarm=bool(result.alarm[0]),
            reconstruction=result.reconstruction[0],
            error=result.error[0],
        )

    def extend(self, values: npt.ArrayLike) -> Result:
        """Returns the scores of the next chunk, (T, C), or (T,) for one channel.

        Rows that only filled the history have NaN and no alarm. Raises
        InputError on a bad chunk; the stream then stands as before it.
        """
        rows = self._detector.check_rows(values)
        filling = min(self.warm_up, len(rows))
        answered = len(rows) - filling
        parts = [_unanswered(filling, rows.shape[1])]
        seen = rows
        if self._fixed is None:
            seen = np.concatenate([self._history, rows])
        if answered:
            moments = self._fixed or rolling_moments(seen, self._history_length)
            parts += self._run(rows[filling:], moments)
        if self._fixed is None:
            self._history = seen[len(seen) - min(len(seen), self._history_length) :].copy()
        score, alarm, reconstruction, error = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        flat = np.ndim(values) == 1
        return Result(
            score=score,
            alarm=alarm,
            reconstruction=reconstruction[:, 0] if flat else reconstruction,
            error=error[:, 0] if flat else error,
        )

    def _run(self, rows: Float64, moments: Moments) -> list[list[AnyArray]]:
        """Returns the graph's outputs, in parts that end where a window does."""
        window = self._detector.info.window
        parts = []
        start = 0
        while start < len(rows):
            # The graph counts its windows from the first value it is given, so the rest of a
            # begun window goes by itself, and whole windows follow together.
            length = window - self._position if self._position else window * WINDOWS_PER_CALL
            end = min(start + length, len(rows))
            part = rows[start:end]
            local = moments
            if len(moments.mean) > 1:
                local = Moments(moments.mean[start:end], moments.scale[start:end])
            outputs, state = self._detector.run(
                part, local, state=self._state, threshold=self._threshold
            )
            parts.append(outputs)
            self._position = (self._position + len(part)) % window
            self._state = state if self._position else None
            start += len(part)
        return parts


def _unanswered(rows: int, channels: int) -> list[AnyArray]:
    """Returns outputs for rows that only fill the history: no alarm, NaN elsewhere."""
    wide = np.full((rows, channels), np.nan, np.float32)
    by_name: dict[str, AnyArray] = {
        "score": np.full(rows, np.nan, np.float32),
        "alarm": np.zeros(rows, bool),
        "reconstruction": wide,
        "error": wide,
    }
    return [by_name[name] for name in OUTPUTS]
