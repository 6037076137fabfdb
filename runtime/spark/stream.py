"""Streams on Spark: scores, events and forecasts, exactly once, a state a sensor."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.spark.jobs import Prepared, Source, prepared, prepared_forecast
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.session import STATE_STORE
from stillwatch.runtime.spark.workers.columns import EVENT_TIMES, TIME, Field, event_fields

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from stillwatch.runtime.spark.workers.processor import Opening

__all__ = ["event_stream", "forecast_stream", "score_stream"]

_PROVIDER = "spark.sql.streaming.stateStore.providerClass"


def score_stream(
    df: "DataFrame",
    capsule: str | Path | bytes,
    *,
    by: str | Sequence[str],
    time: str,
    channels: Sequence[str] | None = None,
    budget: str | None = None,
    options: SparkOptions | None = None,
) -> "DataFrame":
    """Returns a streaming frame's rows with their scores, as `Detector.stream` has each sensor's.

    Arguments and columns as for `score_frame`. Within a batch a sensor's rows are scored by time;
    a row whose time is not after that of the last one scored is answered as `late`, without a
    score. A windowed model answers a row when its window is full. Wants the RocksDB state store,
    which `spark_session` sets. Raises InputError, CapsuleError or ExtraError.
    """
    plan = prepared(Source(df, by, time, channels), capsule, budget, options)
    from stillwatch.runtime.spark.workers.processor import detecting

    fields = (Field(TIME, plan.columns.time_kind), *plan.fields)
    result = _by_sensor(plan, df, partial(detecting, events=False), fields)
    return plan.columns.widened(result)


def event_stream(
    df: "DataFrame",
    capsule: str | Path | bytes,
    *,
    by: str | Sequence[str],
    time: str,
    channels: Sequence[str] | None = None,
    budget: str | None = None,
    options: SparkOptions | None = None,
) -> "DataFrame":
    """Returns each sensor's events as they begin and end, or their level is learnt.

    As `score_stream`; an event comes with `ended` false first: of several rows of one key and
    start the last is what is known.
    """
    plan = prepared(Source(df, by, time, channels), capsule, budget, options)
    from stillwatch.runtime.spark.workers.processor import detecting

    result = _by_sensor(
        plan, df, partial(detecting, events=True), event_fields(plan.columns.time_kind)
    )
    return plan.columns.widened(result, EVENT_TIMES)


def forecast_stream(
    df: "DataFrame",
    capsule: str | Path | bytes,
    *,
    by: str | Sequence[str],
    time: str,
    channels: Sequence[str] | None = None,
    horizon: int | None = None,
    options: SparkOptions | None = None,
) -> "DataFrame":
    """Returns a forecast after each row, as `Forecaster.stream` has each sensor's.

    channels: the capsule's columns, covariates too. Back come the key, the time, `late`, and for
    each channel an array of the rows ahead; null while a direct forecaster has too few rows.
    After a gap a sensor's stream begins afresh.
    """
    plan = prepared_forecast(Source(df, by, time, channels), capsule, horizon, options)
    from stillwatch.runtime.spark.workers.processor import forecasting

    opening = partial(forecasting, dated=plan.columns.dated, horizon=horizon)
    result = _by_sensor(plan, df, opening, (Field(TIME, plan.columns.time_kind), *plan.fields))
    return plan.columns.widened(result)


def _by_sensor(
    plan: Prepared, df: "DataFrame", opening: "Opening", fields: Sequence[Field]
) -> "DataFrame":
    from stillwatch.runtime.spark.workers.processor import SensorProcessor

    if not df.isStreaming:
        raise InputError("expected a streaming frame, got one at rest: score_frame scores it")
    store = df.sparkSession.conf.get(_PROVIDER, "")
    if store != STATE_STORE[_PROVIDER]:
        raise InputError(
            f"streams want the RocksDB state store: set {_PROVIDER} to {STATE_STORE[_PROVIDER]}, "
            "or begin with spark_session"
        )
    schema = plan.columns.answer_schema(fields)
    keys = [f"`{name}`" for name in plan.job.by]
    dates = [field.name for field in fields if field.kind == "timestamp_ntz"]
    expiry = plan.job.options.expiry
    return (
        plan.columns.narrowed(df, expiry)
        .groupBy(*keys)
        .transformWithStateInPandas(
            statefulProcessor=SensorProcessor(plan.job, opening, len(plan.columns.channels), dates),
            outputStructType=schema,
            outputMode="Append",
            timeMode="None" if expiry is None else "EventTime",
        )
    )
