"""The detector: check the values, scale, run the capsule, return the result."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import onnxruntime

from stillwatch.runtime import capsule
from stillwatch.runtime.arrays import AnyArray, Bool, Float32, Float64
from stillwatch.runtime.contract import OUTPUTS, CapsuleInfo
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scaling import Moments, rolling_moments, series_moments

if TYPE_CHECKING:
    from stillwatch.runtime.stream import Stream

__all__ = ["WINDOWS_PER_CALL", "Detector", "Result", "State", "check_threshold"]

# Windows a call of the graph: bounds memory on long series, costs nothing on short ones.
WINDOWS_PER_CALL = 256
# The same for models that want whole windows, counted in sequences: larger batches leave the
# cache and are slower a window, and 1024 sequences of 200 units take more than half a GiB.
_SEQUENCES_PER_CALL = 24


@dataclass(frozen=True)
class Result:
    """Scores of a series; higher is more anomalous.

    score, alarm: (T,) or (N, T). reconstruction (the sensor's units), error
    (scaled units): the shape of the values. Where a rolling policy has no
    history yet, the figures are NaN and alarm is False.
    """

    score: Float32
    alarm: Bool
    reconstruction: Float32
    error: Float32


@dataclass(frozen=True)
class State:
    """The state that a causal model carries: h and c (1, N, units)."""

    h: Float32
    c: Float32


class Detector:
    """A capsule, loaded. Immutable, and safe to share among threads and streams."""

    def __init__(self, session: onnxruntime.InferenceSession, info: CapsuleInfo) -> None:
        """Use `Detector.load`."""
        self._session = session
        self._info = info
        self._required = {port.name for port in session.get_inputs()}

    @classmethod
    def load(cls, model: str | Path, *, threads: int = 1) -> "Detector":
        """Returns the detector in a capsule: a path, or the name of a shipped one.

        threads: how many onnxruntime may use within a call. Raises InputError
        where there is no such file, CapsuleError where it is not a sound capsule.
        """
        content = capsule.read_bytes(model)
        return cls(*capsule.open_session(content, str(model), threads=threads))

    @property
    def info(self) -> CapsuleInfo:
        """What the capsule says of itself."""
        return self._info

    def score(
        self,
        values: npt.ArrayLike,
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: float | None = None,
    ) -> Result:
        """Returns the scores of a series, or of a batch of series of one length.

        values: (T,), (T, C) or (N, T, C), the sensor's units, all finite.
        mean, scale: one figure a channel, in place of the scaling policy's.
        threshold: in place of the trained one. Raises InputError.
        """
        raw = _as_array(values)
        batch = self._as_batch(raw)
        check_threshold(threshold)
        fixed = self.fixed_moments(mean, scale)
        warm_up = 0 if fixed else self._info.scaling.history
        shortest = 1 if self._info.state else self._info.window
        if batch.shape[1] < shortest:
            raise InputError(
                f"expected at least {shortest} rows, the model's window, got {batch.shape[1]}"
            )
        if batch.shape[1] <= warm_up:
            raise InputError(
                f"expected more than {warm_up} rows, the history that {self._info.scaling} scaling "
                f"wants before its first score, got {batch.shape[1]}"
            )
        rows = [self._score_one(series, fixed, threshold) for series in batch]
        score, alarm, reconstruction, error = (
            np.stack([_after(warm_up, row[i]) for row in rows]) for i in range(len(OUTPUTS))
        )
        single = raw.ndim < 3
        return Result(
            score=score[0] if single else score,
            alarm=alarm[0] if single else alarm,
            reconstruction=reconstruction.reshape(raw.shape),
            error=error.reshape(raw.shape),
        )

    def stream(
        self,
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: float | None = None,
    ) -> "Stream":
        """Returns a new stream: the same scores, one value or one chunk at a time.

        mean, scale, threshold: as for `score`. Raises InputError for a capsule
        whose policy is `series`, unless mean and scale are given.
        """
        from stillwatch.runtime.stream import Stream  # stream.py builds on this module

        return Stream(self, fixed=self.fixed_moments(mean, scale), threshold=threshold)

    def fixed_moments(
        self, mean: npt.ArrayLike | None, scale: npt.ArrayLike | None
    ) -> Moments | None:
        """Returns the caller's mean and scale (1, C), the trained ones, or None for neither."""
        if (mean is None) != (scale is None):
            raise InputError("expected mean and scale together, got only one of them")
        if mean is not None and scale is not None:
            return Moments(self._per_channel(mean, "mean"), self._per_channel(scale, "scale"))
        if self._info.scaling.kind == "trained":
            return Moments(np.array([self._info.mean]), np.array([self._info.scale]))
        return None

    def run(
        self,
        values: Float64,
        moments: Moments,
        *,
        state: State | None = None,
        threshold: float | None = None,
    ) -> tuple[list[AnyArray], State | None]:
        """Returns the graph's four outputs for one series (T, C), and the state after it.

        moments: (1, C) or (T, C). The state, like a window, begins at values[0].
        """
        feeds: dict[str, AnyArray] = {
            "values": values[None].astype(np.float32),
            "mean": moments.mean[None].astype(np.float32),
            "scale": moments.scale[None].astype(np.float32),
        }
        if threshold is not None or "threshold" in self._required:
            given = self._info.threshold["value"] if threshold is None else threshold
            feeds["threshold"] = np.array(given, np.float32)
        if "count" in self._required:
            feeds["count"] = np.array(self._info.threshold.get("count", 0), np.float32)
        names = list(OUTPUTS)
        if self._info.state:
            names += ["h_out", "c_out"]
            if state is None and "h" in self._required:
                zero = np.zeros((1, 1, self._info.state), np.float32)
                state = State(zero, zero)
            if state is not None:
                feeds |= {"h": state.h, "c": state.c}
        outputs = [np.asarray(output) for output in self._session.run(names, feeds)]
        first = [output[0] for output in outputs[: len(OUTPUTS)]]
        return first, State(*outputs[len(OUTPUTS) :]) if self._info.state else None

    def check_rows(self, rows: npt.ArrayLike) -> Float64:
        """Returns rows (T, C) as float64; (T,) will do for one channel. Raises InputError."""
        checked: Float64 = self._as_batch(_as_array(rows))[0]
        return checked

    def _score_one(
        self, values: Float64, fixed: Moments | None, threshold: float | None
    ) -> list[AnyArray]:
        policy = self._info.scaling
        moments = fixed
        if moments is None and policy.kind == "series":
            moments = series_moments(values)
        elif moments is None:
            moments = rolling_moments(values, policy.history)
            values = values[policy.history :]
        step = self._info.window * self._windows_per_call()
        parts = []
        for start in range(0, len(values), step):
            part = moments
            if len(moments.mean) > 1:
                part = Moments(*(m[start : start + step] for m in (moments.mean, moments.scale)))
            outputs, _ = self.run(values[start : start + step], part, threshold=threshold)
            parts.append(outputs)
        rest = 0 if self._info.state else len(values) % self._info.window
        if rest:
            # No whole window: the last one of the series answers for its last rows.
            whole = values[len(values) - self._info.window :]
            outputs, _ = self.run(whole, moments, threshold=threshold)
            last = [output[-rest:] for output in outputs]
            parts[-1] = [output[: len(output) - rest] for output in parts[-1]]
            parts.append(last)
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _windows_per_call(self) -> int:
        if self._info.state:
            return WINDOWS_PER_CALL
        folded = self._info.channel_mode == "independent"
        sequences = len(self._info.channels) if folded else 1
        return max(1, _SEQUENCES_PER_CALL // sequences)

    def _as_batch(self, raw: AnyArray) -> Float64:
        channels = len(self._info.channels)
        try:
            values = raw.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"expected numbers, got an array of {raw.dtype}") from error
        if values.ndim == 1 and channels == 1:
            values = values[:, None]
        if values.ndim == 2:
            values = values[None]
        if values.ndim != 3 or values.shape[2] != channels:
            raise InputError(
                f"expected {channels} channel{'s' * (channels > 1)} as (T, {channels}) or "
                f"(N, T, {channels}), got shape {raw.shape}; see 'stillwatch info'"
            )
        if not values.size:
            raise InputError(f"expected at least one row, got shape {raw.shape}")
        bad = np.argwhere(~np.isfinite(values) | (np.abs(values) > np.finfo(np.float32).max))
        if len(bad):
            series, row, channel = bad[0]
            raise InputError(
                f"expected finite float32 numbers, got {values[series, row, channel]} at row {row} "
                f"of channel {self._info.channel_names[channel]!r} ({len(bad)} such in all)"
            )
        return values

    def _per_channel(self, figures: npt.ArrayLike, what: str) -> Float64:
        row = np.atleast_1d(_as_array(figures)).astype(np.float64)
        fits = np.abs(row) <= np.finfo(np.float32).max  # False for NaN
        if row.shape != (len(self._info.channels),) or not fits.all():
            raise InputError(
                f"expected a finite {what} for each channel ({len(self._info.channels)}), got {row}"
            )
        if what == "scale" and (row < np.finfo(np.float32).tiny).any():
            raise InputError(f"expected a scale above 0 for each channel, got {row}")
        return row[None]


def check_threshold(threshold: float | None) -> None:
    """Raises InputError for a threshold that no score can be compared with."""
    if threshold is not None and not np.isfinite(threshold):
        raise InputError(f"expected a finite threshold, got {threshold}")


def _as_array(values: npt.ArrayLike) -> AnyArray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError("expected numbers in rows of one length, got rows of several") from error


def _after(warm_up: int, figures: AnyArray) -> AnyArray:
    """Returns `figures` preceded by `warm_up` rows without an answer: NaN, or False for alarms."""
    blank = np.full((warm_up, *figures.shape[1:]), False if figures.dtype == bool else np.nan)
    return np.concatenate([blank.astype(figures.dtype), figures])
