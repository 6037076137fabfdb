"""Streams that forecast after every sample, in the same time for each; fleets and snapshots.

A recursive forecaster carries its state; a direct one keeps the last rows.
"""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import LARGEST, AnyArray, Float32, Float64
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.scoring.inputs import as_array, as_named_batch
from stillwatch.runtime.streaming.snapshot import pack, unpack

if TYPE_CHECKING:
    from stillwatch.runtime.forecasting.forecaster import Forecaster

__all__ = ["ForecastFleet", "ForecastStream"]

_KIND = "forecast"
_NO_TIME = np.iinfo(np.int64).min


class ForecastFleet:
    """N streams that get a sample each at every step. Not for use by two threads at once."""

    def __init__(self, forecaster: "Forecaster", streams: int, *, horizon: int) -> None:
        """Use `Forecaster.fleet`."""
        info = forecaster.info
        self.forecaster, self.streams, self.horizon = forecaster, streams, horizon
        self.rows = 0  # samples taken
        self._time: np.datetime64 | None = None
        self._recent: Float64 = np.empty((streams, 0, len(info.columns)))
        self._state: tuple[Float32, Float32] | None = None
        if info.state:
            h, c = np.zeros((2, info.layers, streams, info.state), np.float32)
            self._state = h, c

    @property
    def warm_up(self) -> int:
        """How many samples are still to come before the first forecast."""
        needed = 1 if self._state is not None else self.forecaster.info.lookback
        return max(0, needed - self.rows)

    def update(self, values: npt.ArrayLike, time: np.datetime64 | None = None) -> Forecast | None:
        """Returns the forecast (N, H, C) after one more sample of each stream, (N, C + K) or (N,).

        time: of the sample; wanted with the first where the capsule reads the
        calendar, and each must be one step after the last. None while a direct
        forecaster has fewer rows than its lookback. Raises InputError; the
        fleet then stands as before.
        """
        info = self.forecaster.info
        raw = as_array(values)
        if raw.ndim == 1 and len(info.columns) == 1:
            raw = raw[:, None]
        if raw.ndim != 2 or len(raw) != self.streams:
            raise InputError(
                f"expected one sample of {self.streams} streams as (N, {len(info.columns)}), got "
                f"shape {raw.shape}"
            )
        rows = as_named_batch(raw[:, None], info.columns)
        now = self._now(time)
        forecast = self._step(rows, now)
        self._time, self.rows = now, self.rows + 1
        return forecast

    def _step(self, rows: Float64, now: np.datetime64 | None) -> Forecast | None:
        info = self.forecaster.info
        if self._state is None:
            recent = np.concatenate([self._recent, rows], axis=1)[:, -info.lookback :]
            self._recent = recent
            if recent.shape[1] < info.lookback:
                return None
            rows = recent
        run = self.horizon if self._state is not None else info.horizon
        calendar, following = self._ahead(now, rows.shape[1], run)
        result = self.forecaster.model.run(rows, calendar, run, self._state)
        if self._state is not None and result.h is not None and result.c is not None:
            self._state = result.h, result.c
        ahead = self.horizon
        return Forecast(
            result.forecast[:, :ahead],
            None if result.low is None else result.low[:, :ahead],
            None if result.high is None else result.high[:, :ahead],
            None if following is None else following[:ahead],
        )

    @property
    def next_time(self) -> np.datetime64 | None:
        """The time that the next sample must have; None where nothing is known of it."""
        step = self.forecaster.info.step
        if self._time is None or step is None:
            return None
        result: np.datetime64 = step.after(self._time, 1)[0]
        return result

    def _now(self, time: np.datetime64 | None) -> np.datetime64 | None:
        """Returns the time of the sample that comes; raises InputError where it is not the next."""
        info = self.forecaster.info
        following = self.next_time
        if time is None:
            if info.calendar and following is None:
                raise InputError(
                    f"the capsule reads the calendar ({', '.join(info.calendar)}): give the time "
                    "of the first sample"
                )
            return following
        now: np.datetime64 = np.datetime64(time).astype("datetime64[us]")
        if following is not None and now != following:
            raise InputError(
                f"expected the sample of {following}, {info.step} after the last, got that of "
                f"{now}: fill the gap, or begin another stream"
            )
        return now

    def _ahead(
        self, now: np.datetime64 | None, rows: int, run: int
    ) -> tuple[AnyArray | None, AnyArray | None]:
        """Returns the calendar of the last rows and of those ahead, and the latter's times."""
        step = self.forecaster.info.step
        if now is None or step is None:
            return None, None
        following = step.after(now, run)
        when = step.before(now, rows)
        return self.forecaster.calendar(when, following, rows), following

    def snapshot(self) -> bytes:
        """Returns the fleet's state; `forecaster.fleet(n, saved)` goes on from it."""
        time = _NO_TIME if self._time is None else int(self._time.astype(np.int64))
        figures: dict[str, Any] = {
            "model": self.forecaster.model.digest,
            "streams": self.streams,
            "horizon": self.horizon,
            "rows": self.rows,
            "time": time,
        }
        arrays: dict[str, AnyArray] = {"recent": self._recent}
        if self._state is not None:
            arrays |= dict(zip("hc", self._state, strict=True))
        return pack(_KIND, figures, arrays)

    @classmethod
    def restored(
        cls, forecaster: "Forecaster", saved: bytes, streams: int, *, horizon: int | None
    ) -> Self:
        """Use `Forecaster.fleet`. Raises SnapshotError for one of another model, or damaged."""
        figures, arrays = unpack(_KIND, saved)
        if figures.get("model") != forecaster.model.digest:
            raise SnapshotError(
                "the snapshot is of another model: load the capsule that it was made with"
            )
        if figures.get("streams") != streams:
            raise SnapshotError(
                f"the snapshot is of {figures.get('streams')} streams, {streams} were asked for"
            )
        try:
            ahead = forecaster.check_horizon(figures["horizon"] if horizon is None else horizon)
            fleet = cls(forecaster, streams, horizon=ahead)
            fleet._take(figures, arrays)
        except (KeyError, TypeError, ValueError, OverflowError, InputError) as error:
            raise SnapshotError(f"the snapshot does not fit its schema: {error}") from error
        return fleet

    def _take(self, figures: dict[str, Any], arrays: dict[str, AnyArray]) -> None:
        info = self.forecaster.info
        rows, time, recent = figures["rows"], figures["time"], arrays["recent"]
        if type(rows) is not int or rows < 0 or type(time) is not int:
            raise ValueError(f"rows {rows!r}, time {time!r}")
        kept = 0 if self._state is not None else min(rows, info.lookback)
        if recent.shape != (self.streams, kept, len(info.columns)):
            raise ValueError(f"rows of shape {recent.shape}")
        if not (np.abs(recent) <= LARGEST).all():
            raise ValueError("rows that no samples lead to")
        if self._state is not None:
            h, c = arrays["h"], arrays["c"]
            shape = self._state[0].shape
            if h.shape != shape or c.shape != shape or not np.isfinite([h, c]).all():
                raise ValueError("a state that no samples lead to")
            self._state = h.astype(np.float32), c.astype(np.float32)
        self._recent, self.rows = recent.astype(np.float64), rows
        self._time = None if time == _NO_TIME else np.datetime64(time, "us")


class ForecastStream:
    """One stream: a fleet of one. Not for use by two threads at once."""

    def __init__(self, fleet: ForecastFleet) -> None:
        """Use `Forecaster.stream`."""
        self._fleet = fleet

    @property
    def warm_up(self) -> int:
        """How many samples are still to come before the first forecast."""
        return self._fleet.warm_up

    @property
    def next_time(self) -> np.datetime64 | None:
        """The time that the next sample must have; None where nothing is known of it."""
        return self._fleet.next_time

    def update(self, values: npt.ArrayLike, time: np.datetime64 | None = None) -> Forecast | None:
        """Returns the forecast (H, C) after one more sample (C + K,), or a number; see the fleet's.

        Raises InputError; the stream then stands as before.
        """
        result = self._fleet.update(np.atleast_1d(as_array(values))[None], time)
        return None if result is None else result.of_series(0)

    def snapshot(self) -> bytes:
        """Returns the stream's state; `forecaster.stream(saved)` goes on from it."""
        return self._fleet.snapshot()
