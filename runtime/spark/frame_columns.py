"""A Spark data frame's columns: which are the key, the time and the channels, and back again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions, types

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.spark.workers.columns import TIME, Field, values_name

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["FrameColumns", "frame_columns"]

_DATED = (types.TimestampType, types.TimestampNTZType)
_WHOLE = (types.LongType, types.IntegerType, types.ShortType)
_EVENT_TIME = "stillwatch_event_time"  # what Spark's watermark goes by


@dataclass(frozen=True, kw_only=True)
class FrameColumns:
    """The columns of a frame: its key's, its time's, and one for each channel in their order."""

    by: tuple[str, ...]
    time: str
    channels: tuple[str, ...]
    schema: types.StructType

    @property
    def time_kind(self) -> str:
        """The type of times among workers: one that no zone of a session changes."""
        without_zone = isinstance(self.schema[self.time].dataType, types.TimestampNTZType)
        return "timestamp_ntz" if without_zone else "bigint"

    @property
    def dated(self) -> bool:
        """Whether times are timestamps, which workers have as microseconds."""
        return isinstance(self.schema[self.time].dataType, _DATED)

    def narrowed(self, df: "DataFrame", expiry: float | None = None) -> "DataFrame":
        """Returns the frame with the key, the time, and values as doubles.

        expiry: seconds that the watermark is behind the newest row of all. Raises InputError.
        """
        values = [
            _named(name).cast("double").alias(values_name(number))
            for number, name in enumerate(self.channels)
        ]
        chosen = [*map(_named, self.by), self._number().alias(TIME), *values]
        if expiry is None:
            return df.select(*chosen)
        kind = self.schema[self.time].dataType
        if not isinstance(kind, types.TimestampType):
            raise InputError(
                f"an expiry goes by Spark's watermark: expected {self.time!r} to be a timestamp "
                f"with a zone, got {kind.simpleString()}; cast it to timestamp"
            )
        marked = df.withWatermark(self.time, f"{expiry} seconds")
        return marked.select(*chosen, _named(self.time).alias(_EVENT_TIME))

    def widened(self, df: "DataFrame", times: Sequence[str] = (TIME,)) -> "DataFrame":
        """Returns the answers with times as they came: of TIME under the time's own name."""
        chosen = [
            self._time(name).alias(self.time if name == TIME else name)
            if name in times
            else _named(name)
            for name in df.columns
        ]
        return df.select(*chosen)

    def answer_schema(self, fields: Sequence[Field]) -> types.StructType:
        """Returns what workers answer: the key and the fields.

        Raises InputError where a name of the key or the time is taken.
        """
        for field in fields:
            if field.name in (*self.by, self.time):
                raise InputError(
                    f"the answers have a column {field.name!r} of their own: rename the frame's "
                    "with withColumnRenamed"
                )
        keys = [self.schema[name] for name in self.by]
        ddl = ", ".join(f"`{name}` {kind}" for name, kind in fields)
        return types.StructType(keys + types.StructType.fromDDL(ddl).fields)

    def _number(self) -> "Column":
        if isinstance(self.schema[self.time].dataType, types.TimestampType):
            return functions.unix_micros(_named(self.time))
        return _named(self.time).cast(self.time_kind)

    def _time(self, name: str) -> "Column":
        kind = self.schema[self.time].dataType
        if isinstance(kind, types.TimestampType):
            return functions.timestamp_micros(_named(name))
        return _named(name).cast(kind)


def frame_columns(
    df: "DataFrame", by: str | Sequence[str], time: str, channels: Sequence[str]
) -> FrameColumns:
    """Returns which columns of a frame are what; raises InputError for one that is not there."""
    keys = (by,) if isinstance(by, str) else tuple(by)
    if not keys:
        raise InputError("expected by=, the columns that tell one sensor from another, got none")
    for name in (*keys, time, *channels):
        if df.columns.count(name) != 1:
            raise InputError(
                f"expected one column {name!r}, got a frame with {', '.join(df.columns[:12])}"
                + ("; say channels= for other names" if name in channels else "")
            )
    kinds = {name: df.schema[name].dataType for name in (time, *channels)}
    if not isinstance(kinds[time], (*_DATED, *_WHOLE)):
        raise InputError(
            f"expected {time!r} to be a timestamp or a whole number, got "
            f"{kinds[time].simpleString()}"
        )
    for name in channels:
        if not isinstance(kinds[name], types.NumericType | types.BooleanType):
            raise InputError(
                f"expected numbers in column {name!r}, got {kinds[name].simpleString()}"
            )
    return FrameColumns(by=keys, time=time, channels=tuple(channels), schema=df.schema)


def _named(name: str) -> "Column":
    """Returns a column by its name, dots and all."""
    return functions.col(f"`{name}`")
