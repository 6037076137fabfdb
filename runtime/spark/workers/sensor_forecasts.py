"""One sensor's forecasts, of a series at rest and after each row of a stream."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.info import ForecastInfo
from stillwatch.runtime.spark.workers.carried import Job
from stillwatch.runtime.spark.workers.columns import TIME, Field
from stillwatch.runtime.spark.workers.ordering import NEVER, filled, in_order
from stillwatch.runtime.spark.workers.sensor import SavedSensor

__all__ = ["SensorForecasts", "forecast_fields", "forecasts_at_rest"]

_SIDES = ("forecast", "low", "high")


def forecast_fields(info: ForecastInfo) -> tuple[Field, ...]:
    """Returns the columns of forecasts: for each channel the rows ahead as an array."""
    sides = _SIDES if info.coverage else _SIDES[:1]
    names = info.channel_names
    return (
        Field("late", "boolean"),
        *(Field(_name(side, name, names), "array<float>") for side in sides for name in names),
    )


def forecasts_at_rest(
    job: Job, times: AnyArray, values: Float64, *, dated: bool, horizon: int | None
) -> dict[str, Any]:
    """Returns the forecast after the last of rows (T, C) in whatever order, as one row.

    It is null where there are fewer rows than the capsule's lookback. dated: times are
    microseconds. Raises InputError.
    """
    forecaster = job.capsule.forecaster()
    info = forecaster.info
    ordered = in_order(times, values)
    when, rows = ordered.times[~ordered.late], ordered.values[~ordered.late]
    if job.options.fill or info.missing == "forward":
        rows = filled(rows, None, info.columns)
    result = None
    if info.strategy != "direct" or len(rows) >= info.lookback:
        dates = when.astype("datetime64[us]") if dated and info.calendar else None
        result = forecaster.forecast(rows, horizon=horizon, times=dates)
    return _columns(info, when[-1:], [result], late=False)


class SensorForecasts:
    """A sensor's stream over a job's forecaster, which answers after each row."""

    def __init__(
        self, job: Job, saved: SavedSensor | None, *, dated: bool, horizon: int | None
    ) -> None:
        """saved: to go on from; raises SnapshotError. dated: times are microseconds."""
        self._job = job
        self._forecaster: Forecaster = job.capsule.forecaster()
        self._horizon, self._dated = horizon, dated
        self.last = NEVER if saved is None else saved.last
        held = None if saved is None else bytes(saved.stream)
        self._stream = self._forecaster.stream(held, horizon=horizon)
        self._row: Float64 | None = None
        if saved is not None and saved.row:
            self._row = np.frombuffer(bytes(saved.row), np.float64)

    def take(self, times: AnyArray, values: Float64) -> Iterator[dict[str, Any]]:
        """Yields the columns that a batch's rows bring; after a gap the stream begins afresh.

        Raises InputError.
        """
        info = self._forecaster.info
        ordered = in_order(times, values, self.last)
        late = ordered.times[ordered.late]
        if len(late):
            yield _columns(info, late, [None] * len(late), late=True)
        rows, when = ordered.values[~ordered.late], ordered.times[~ordered.late]
        if not len(rows):
            return
        if self._job.options.fill or info.missing == "forward":
            rows = filled(rows, self._row, info.columns)
            self._row = rows[-1]
        result = [self._update(row, time) for row, time in zip(rows, when.tolist(), strict=True)]
        self.last = int(when[-1])
        yield _columns(info, when, result, late=False)

    def saved(self) -> SavedSensor:
        """Returns the state, to be stored."""
        row = b"" if self._row is None else self._row.tobytes()
        return SavedSensor(self._stream.snapshot(), b"", self.last, row, "")

    def finish(self) -> Iterator[dict[str, Any]]:
        """Yields nothing: each row has had its forecast."""
        yield from ()

    def _update(self, row: Float64, time: int) -> Forecast | None:
        if not self._dated:
            return self._stream.update(row)
        date = np.datetime64(time, "us")
        step = self._forecaster.info.step
        if step is not None and self.last != NEVER:
            last = np.datetime64(self.last, "us")
            if step.after(last, 1)[0] != date:
                self._stream = self._forecaster.stream(horizon=self._horizon)
        self.last = time
        return self._stream.update(row, date)


def _columns(
    info: ForecastInfo, times: AnyArray, result: list[Forecast | None], *, late: bool
) -> dict[str, Any]:
    columns: dict[str, Any] = {TIME: times, "late": np.full(len(times), late)}
    names = info.channel_names
    for side in _SIDES if info.coverage else _SIDES[:1]:
        for channel, name in enumerate(names):
            column = [None if one is None else getattr(one, side)[:, channel] for one in result]
            columns[_name(side, name, names)] = column
    return columns


def _name(side: str, channel: str, names: tuple[str, ...]) -> str:
    return side if len(names) == 1 else f"{side}_{channel}"
