"""A stream's sensors in Spark's state store: one value each, and a timer for those that go."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from pyspark.sql.streaming import StatefulProcessor, StatefulProcessorHandle

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError, StillwatchError
from stillwatch.runtime.spark.workers.carried import Job
from stillwatch.runtime.spark.workers.columns import TIME, values_name
from stillwatch.runtime.spark.workers.sensor import STATE, SavedSensor, SensorStream
from stillwatch.runtime.spark.workers.sensor_forecasts import SensorForecasts

__all__ = ["Opening", "SensorProcessor", "detecting", "forecasting"]


class _Sensor(Protocol):
    @property
    def last(self) -> int: ...
    def take(self, times: AnyArray, values: Float64) -> Iterator[dict[str, Any]]: ...
    def finish(self) -> Iterator[dict[str, Any]]: ...
    def saved(self) -> SavedSensor: ...


Opening = Callable[[Job, SavedSensor | None], _Sensor]


def detecting(job: Job, saved: SavedSensor | None, *, events: bool) -> SensorStream:
    """Returns a sensor's stream of scores or of events, afresh or from its row in the store."""
    return SensorStream(job, saved, events=events)


def forecasting(
    job: Job, saved: SavedSensor | None, *, dated: bool, horizon: int | None
) -> SensorForecasts:
    """Returns a sensor's stream of forecasts, afresh or from its row in the store."""
    return SensorForecasts(job, saved, dated=dated, horizon=horizon)


class SensorProcessor(StatefulProcessor):
    """Scores each batch's rows of each sensor, going on from where its last batch ended."""

    def __init__(self, job: Job, opening: Opening, channels: int, dates: Sequence[str]) -> None:
        """opening: makes a sensor's stream; channels: how many columns of values there are.

        dates: the columns of answers that are times without a zone.
        """
        self._job, self._opening, self._channels = job, opening, channels
        self._dates = tuple(dates)

    def init(self, handle: StatefulProcessorHandle) -> None:
        """Takes the store of the partition's sensors."""
        self._handle = handle
        self._state = handle.getValueState("sensor", STATE)

    def handleInputRows(  # noqa: N802  (Spark's names, here and below)
        self,
        key: Any,
        rows: Iterator[pd.DataFrame],
        timerValues: Any,  # noqa: ARG002, N803
    ) -> Iterator[pd.DataFrame]:
        """Yields what a batch's rows of one sensor bring; its state is then stored."""
        batch = pd.concat(list(rows), ignore_index=True)
        if batch[TIME].isna().any():
            raise InputError(f"{self._named(key)}: expected a time in every row")
        names = [values_name(number) for number in range(self._channels)]
        values = batch[names].to_numpy(np.float64)
        held = self._state.get()
        try:
            sensor = self._opening(self._job, None if held is None else SavedSensor(*held))
            answers = list(sensor.take(_whole(batch[TIME]), values))
        except StillwatchError as error:
            raise type(error)(f"{self._named(key)}: {error}") from error
        self._state.update(tuple(sensor.saved()))
        if self._job.options.expiry is not None and held is None:
            self._handle.registerTimer(_milliseconds(sensor.last))
        yield from self._frames(key, answers)

    def handleExpiredTimer(  # noqa: N802
        self,
        key: Any,
        timerValues: Any,  # noqa: ARG002, N803
        expiredTimerInfo: Any,  # noqa: N803
    ) -> Iterator[pd.DataFrame]:
        """Yields what was still owed to a sensor that has gone, and forgets it.

        A sensor has one timer, at one of its rows: where it has had rows since, the timer is set
        to the last of them. One a batch would cost as much as the batch.
        """
        sensor = self._opening(self._job, SavedSensor(*self._state.get()))
        last = _milliseconds(sensor.last)
        if last > expiredTimerInfo.getExpiryTimeInMs():
            self._handle.registerTimer(last)
            return
        answers = list(sensor.finish())
        self._state.clear()
        yield from self._frames(key, answers)

    def close(self) -> None:
        """Leaves the store to Spark."""

    def _frames(self, key: Any, answers: Iterable[dict[str, Any]]) -> Iterator[pd.DataFrame]:
        for columns in answers:
            frame = pd.DataFrame(columns)
            if not len(frame):
                continue
            for name in self._dates:
                frame[name] = frame[name].astype("datetime64[us]")
            for place, (name, value) in enumerate(zip(self._job.by, key, strict=True)):
                frame.insert(place, name, value)
            yield frame

    def _named(self, key: Any) -> str:
        pairs = zip(self._job.by, key, strict=True)
        return ", ".join(f"{name} {value!r}" for name, value in pairs)


def _milliseconds(micros: int) -> int:
    """Returns a time as timers have it: rounded up, so that none fires before its row."""
    return -(-micros // 1000)


def _whole(times: "pd.Series[Any]") -> AnyArray:
    """Returns times as whole numbers: those without a zone as microseconds."""
    if times.dtype.kind == "M":
        return times.to_numpy("datetime64[us]").astype(np.int64)
    return times.to_numpy(np.int64)
