"""What runs in Spark's workers: Arrow tables of one group in, Arrow tables out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.spark.workers.carried import Job
from stillwatch.runtime.spark.workers.columns import TIME, Field, values_name

__all__ = ["GroupTask", "as_arrow", "rows_of"]

_TYPES = {
    "bigint": pa.int64(),
    "timestamp_ntz": pa.timestamp("us"),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "array<float>": pa.list_(pa.float32()),
    "array<struct<channel:string,share:double>>": pa.list_(
        pa.struct([("channel", pa.string()), ("share", pa.float64())])
    ),
}

Answering = Callable[[Job, AnyArray, Float64], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class GroupTask:
    """Answers for one group of rows: those of a sensor.

    answer: of the job, times (T,) and values (T, C), the columns that come back. channels: how
    many columns of values there are. fields: what comes back beside the key.
    """

    job: Job
    answer: Answering
    channels: int
    fields: tuple[Field, ...]

    def __call__(self, key: tuple[Any, ...], table: Any) -> Any:
        """Returns the answers; raises InputError that names the sensor."""
        try:
            times, values = rows_of(table, self.channels)
            columns = self.answer(self.job, times, values)
        except InputError as error:
            raise InputError(f"{self._sensor(key)}: {error}") from error
        return as_arrow(columns, self.fields, self._keys(key, table))

    def _sensor(self, key: Sequence[Any]) -> str:
        pairs = zip(self.job.by, key, strict=True)
        return ", ".join(f"{name} {value.as_py()!r}" for name, value in pairs)

    def _keys(self, key: Sequence[Any], table: Any) -> dict[str, Any]:
        types = {name: table.schema.field(name).type for name in self.job.by}
        return {
            name: pa.scalar(value.as_py(), types[name])
            for name, value in zip(self.job.by, key, strict=True)
        }


def rows_of(table: Any, channels: int) -> tuple[AnyArray, Float64]:
    """Returns the times (T,) and values (T, C) of an Arrow table; missing values are NaN."""
    times = table.column(TIME)
    if times.null_count:
        raise InputError(f"expected a time in every row, got {times.null_count} without one")
    columns = [table.column(values_name(number)).to_numpy() for number in range(channels)]
    values: Float64 = np.stack(columns, axis=1) if columns else np.empty((len(times), 0))
    # A time without a zone is microseconds already, and Arrow casts it so.
    return times.cast(pa.int64()).to_numpy(), values


def as_arrow(columns: Mapping[str, Any], fields: Sequence[Field], keys: Mapping[str, Any]) -> Any:
    """Returns columns as an Arrow table behind those of the key; NaN becomes null."""
    arrays = {
        field.name: pa.array(columns[field.name], _TYPES[field.kind], from_pandas=True)
        for field in fields
    }
    rows = len(arrays[fields[0].name])
    repeated = {name: pa.repeat(value, rows) for name, value in keys.items()}
    return pa.table({**repeated, **arrays})
