"""A series of NAB as the judge sees it: scaled by its probation, with what the context reads."""

from dataclasses import dataclass

import numpy as np

from stillwatch.benchmarks.detection.nab_score import probation
from stillwatch.runtime.alarms.judge.one import One, one_centre
from stillwatch.runtime.alarms.judge.residuals import day_means, residuals_step, start_filters
from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.train.data.sets import LabelledSeries

__all__ = ["CLIP", "CLOCK", "INPUTS", "Prepared", "prepare"]

CLIP = 6.0  # deviations beyond which the context looks no further
CLOCK = 4  # of the inputs: two harmonics of the day
INPUTS = CLOCK + 2  # and the slow mean before the row, and yesterday's mean
_DAY = 86400


@dataclass(frozen=True)
class Prepared:
    """A series: z (T,) scaled by the median and deviation of its probation, and its judge's rule.

    start: rows of probation. residuals: (T, 5), the first against the slow
    mean. inputs: (T, INPUTS), what is known of a row before it comes.
    """

    name: str
    windows: tuple[tuple[int, int], ...]
    start: int
    z: Float64
    rule: One
    residuals: Float64
    inputs: Float32


def prepare(series: LabelledSeries) -> Prepared:
    """Returns the series as the judge sees it, row by row; nothing looks ahead."""
    start = probation(len(series.values))
    values = series.values[:, None]
    centre, scale = one_centre(values[:start])
    z = (values - centre) / scale
    seconds = series.timestamps.astype("datetime64[s]").astype(np.int64)
    rule = One.of_period(float(np.median(np.diff(seconds))), float(start))
    filters = start_filters(z[:start], rule.filters)
    residuals = np.empty((len(z), 5))
    known = np.empty((len(z), 2))
    for row, value in enumerate(z):
        slow = filters.slow[0]
        slots = np.concatenate(day_means(filters, rule.filters))
        slots = np.clip(slots[~np.isnan(slots)], -CLIP, CLIP)
        known[row] = slow, slots.mean() if len(slots) else slow
        result, filters = residuals_step(filters, value, None, rule.filters)
        residuals[row] = result[:, 0]
    turn = 2 * np.pi * (seconds % _DAY) / _DAY
    clock = [np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn)]
    return Prepared(
        name=series.name,
        windows=series.windows,
        start=start,
        z=z[:, 0],
        rule=rule,
        residuals=residuals,
        inputs=np.column_stack([*clock, np.clip(known, -CLIP, CLIP)]).astype(np.float32),
    )
