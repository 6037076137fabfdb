"""Series at rest on Spark: scores and events, group by group, or share by share of a long one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.runtime.spark.jobs import Prepared, Source, prepared, prepared_forecast
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.workers.at_rest import events_at_rest, scores_at_rest
from stillwatch.runtime.spark.workers.columns import EVENT_TIMES, TIME, Field, event_fields
from stillwatch.runtime.spark.workers.sensor_forecasts import forecasts_at_rest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from stillwatch.runtime.spark.workers.groups import Answering

__all__ = ["event_frame", "forecast_frame", "score_frame"]


def score_frame(
    df: "DataFrame",
    capsule: str | Path | bytes,
    *,
    by: str | Sequence[str],
    time: str,
    channels: Sequence[str] | None = None,
    budget: str | None = None,
    options: SparkOptions | None = None,
) -> "DataFrame":
    """Returns the frame's rows with their scores, as `Detector.score` has each sensor's.

    by: the columns that tell sensors apart; time: a timestamp or a whole number, in whose order
    a sensor's rows are scored. channels: a column for each channel, by default by their names.
    budget: as `--budget`, such as "5/week" or "5/week,60s". Back come the key, the time, `score`
    (null where there is no answer), `alarm`, `late`, `surprise` where a judge decides, and the
    options' figures. All rows of a sensor are in one task's memory, unless options.share says
    otherwise. Raises InputError, CapsuleError or ExtraError; what a worker meets comes when the
    frame is computed.
    """
    plan = prepared(Source(df, by, time, channels), capsule, budget, options)
    timed = (Field(TIME, plan.columns.time_kind), *plan.fields)
    if plan.job.options.share is not None:
        from stillwatch.runtime.spark.shared_out import share_scores

        return share_scores(plan, df, timed)
    return plan.columns.widened(_by_sensor(plan, df, scores_at_rest, timed))


def event_frame(
    df: "DataFrame",
    capsule: str | Path | bytes,
    *,
    by: str | Sequence[str],
    time: str,
    channels: Sequence[str] | None = None,
    budget: str | None = None,
    options: SparkOptions | None = None,
) -> "DataFrame":
    """Returns the events of each sensor: its key, and what an `Event` has, its places as times.

    As `score_frame`, and as `find_events` of what it finds; a series is scored whole.
    """
    plan = prepared(Source(df, by, time, channels), capsule, budget, options)
    result = _by_sensor(plan, df, events_at_rest, event_fields(plan.columns.time_kind))
    return plan.columns.widened(result, EVENT_TIMES)


def forecast_frame(
    df: "DataFrame",
    capsule: str | Path | bytes,
    *,
    by: str | Sequence[str],
    time: str,
    channels: Sequence[str] | None = None,
    horizon: int | None = None,
    options: SparkOptions | None = None,
) -> "DataFrame":
    """Returns what comes after each sensor's last row, as `Forecaster.forecast` has it.

    channels: the capsule's columns, covariates too. Back come the key, the last row's time,
    `late`, and for each channel an array of the rows ahead; null where a direct forecaster has
    fewer rows than its lookback.
    """
    plan = prepared_forecast(Source(df, by, time, channels), capsule, horizon, options)
    answer = partial(forecasts_at_rest, dated=plan.columns.dated, horizon=horizon)
    result = _by_sensor(plan, df, answer, (Field(TIME, plan.columns.time_kind), *plan.fields))
    return plan.columns.widened(result)


def _by_sensor(
    plan: Prepared, df: "DataFrame", answer: "Answering", fields: Sequence[Field]
) -> "DataFrame":
    from stillwatch.runtime.spark.workers.groups import GroupTask

    schema = plan.columns.answer_schema(fields)
    task = GroupTask(
        job=plan.job, answer=answer, channels=len(plan.columns.channels), fields=tuple(fields)
    )
    narrow = plan.columns.narrowed(df)

    # A function of these two arguments, as Spark looks at them to see whether it wants the key.
    def group(key, table):  # type: ignore[no-untyped-def]
        return task(key, table)

    keys = [f"`{name}`" for name in plan.job.by]
    return narrow.groupBy(*keys).applyInArrow(group, schema=schema)
