"""A job made of what its caller said, checked before Spark is asked for anything."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.inputs import check_stride, fixed_moments
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.session import check_packages
from stillwatch.runtime.spark.workers.carried import Job, carried
from stillwatch.runtime.spark.workers.columns import Field, score_fields
from stillwatch.runtime.spark.workers.sensor_forecasts import forecast_fields

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from stillwatch.runtime.spark.frame_columns import FrameColumns

__all__ = ["Prepared", "Source", "prepared", "prepared_forecast"]


class Source(NamedTuple):
    """A frame and its columns, as callers say them; channels None for the capsule's own names."""

    df: "DataFrame"
    by: str | Sequence[str]
    time: str
    channels: Sequence[str] | None


class Prepared(NamedTuple):
    """A job over a frame's columns, what comes back, and what a detector says of itself."""

    job: Job
    columns: "FrameColumns"
    fields: tuple[Field, ...]
    info: CapsuleInfo | None = None


def prepared(
    source: Source,
    capsule: str | Path | bytes,
    budget: str | None,
    options: SparkOptions | None,
) -> Prepared:
    """Returns a detector's job; raises ExtraError, InputError or CapsuleError."""
    check_packages()
    from stillwatch.runtime.spark.frame_columns import frame_columns

    chosen = options or SparkOptions()
    if budget is not None:
        if chosen.threshold is not None:
            raise InputError("expected budget= or options with a threshold, got both")
        chosen = replace(chosen, threshold=f"budget({budget})")
    held = carried(capsule)
    info = held.detector().info
    alarm_rule(chosen.threshold, info)
    fixed_moments(chosen.mean, chosen.scale, info)
    check_stride(chosen.stride, info)
    names = _channels(source.channels, info.channel_names)
    columns = frame_columns(source.df, source.by, source.time, names)
    job = Job(capsule=held, by=columns.by, options=chosen)
    return Prepared(job, columns, score_fields(job, info), info)


def prepared_forecast(
    source: Source,
    capsule: str | Path | bytes,
    horizon: int | None,
    options: SparkOptions | None,
) -> Prepared:
    """Returns a forecaster's job; raises ExtraError, InputError or CapsuleError."""
    check_packages()
    from stillwatch.runtime.spark.frame_columns import frame_columns

    held = carried(capsule)
    forecaster = held.forecaster()
    forecaster.check_horizon(horizon)
    info = forecaster.info
    names = _channels(source.channels, info.columns)
    columns = frame_columns(source.df, source.by, source.time, names)
    if info.calendar and not columns.dated:
        raise InputError(
            f"the capsule reads the calendar ({', '.join(info.calendar)}): expected "
            f"{source.time!r} to be a timestamp"
        )
    job = Job(capsule=held, by=columns.by, options=options or SparkOptions())
    return Prepared(job, columns, forecast_fields(info))


def _channels(given: Sequence[str] | None, names: tuple[str, ...]) -> Sequence[str]:
    if given is None:
        return names
    if isinstance(given, str) or len(given) != len(names):
        raise InputError(
            f"expected channels= with a column for each of {len(names)} "
            f"({', '.join(names[:8])}), got {given!r}"
        )
    return given
