"""Scores of long series, each shared out among tasks: rows numbered, and grouped with overlap."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import Window, functions

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.spark.jobs import Prepared
from stillwatch.runtime.spark.workers.at_rest import scores_at_rest
from stillwatch.runtime.spark.workers.carried import Job
from stillwatch.runtime.spark.workers.columns import TIME, Field, values_name
from stillwatch.runtime.spark.workers.groups import GroupTask
from stillwatch.runtime.spark.workers.shares import Shares, shares_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["scores_of_share", "share_scores"]

_SHARE = "stillwatch_share"


def share_scores(plan: Prepared, df: "DataFrame", fields: tuple[Field, ...]) -> "DataFrame":
    """Returns the scores of a frame whose series are cut into shares; raises InputError."""
    if plan.info is None:
        raise TypeError("expected a detector's job")
    shares = shares_of(plan.info, plan.job.options)
    channels = len(plan.columns.channels)
    values = [values_name(number) for number in range(channels)]
    by = [f"`{name}`" for name in plan.job.by]
    # A row is numbered with the taken ones before it; a repeat has the number of what it repeats.
    by_time = Window.partitionBy(*by).orderBy(TIME, *values)
    so_far = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    first = functions.lag(TIME).over(by_time).eqNullSafe(functions.col(TIME))
    row, share = marks = values_name(channels), values_name(channels + 1)
    numbered = (
        plan.columns.narrowed(df)
        .withColumn(row, functions.when(first, 0).otherwise(1))
        .withColumn(row, functions.sum(row).over(so_far) - 1)
        .withColumn(_SHARE, functions.explode(functions.expr(shares.readers(row))))
        .withColumn(share, functions.col(_SHARE))
        .withColumns({name: functions.col(name).cast("double") for name in marks})
    )
    task = GroupTask(
        job=plan.job,
        answer=partial(scores_of_share, shares=shares),
        channels=channels + len(marks),
        fields=fields,
    )

    def group(key, table):  # type: ignore[no-untyped-def]
        return task(key[:-1], table)

    schema = plan.columns.answer_schema(fields)
    return plan.columns.widened(numbered.groupBy(*by, _SHARE).applyInArrow(group, schema=schema))


def scores_of_share(
    job: Job, times: AnyArray, values: Float64, *, shares: Shares
) -> dict[str, Any]:
    """Returns the columns of scores of a share's own rows.

    values: (T, C + 2), with each row's number and the share's own last.
    """
    columns = scores_at_rest(job, times, values[:, :-2])
    rows = np.sort(values[:, -2]).astype(np.int64)  # as time orders them, too
    own = shares.owner(rows) == values[0, -1]
    return {name: column[own] for name, column in columns.items()}
