"""Forecasts from rolling origins by a capsule, and intervals measured on them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.export.forecasting.capsule import Intervals
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.calendar import calendar_terms
from stillwatch.runtime.forecasting.forecaster import Forecaster

__all__ = ["Rolled", "coverage", "measure_intervals", "roll"]

_BATCH = 64  # windows a call: bounds memory


@dataclass(frozen=True)
class Rolled:
    """Forecasts and what came, (N, H, C), the sensor's units, from origins (N,).

    An origin is the first row that is forecast. low, high: None without intervals.
    """

    origins: npt.NDArray[np.int64]
    forecast: Float64
    actual: Float64
    low: Float64 | None
    high: Float64 | None


def roll(
    forecaster: Forecaster,
    values: Float64,
    times: AnyArray | None,
    rows: tuple[int, int],
    *,
    step: int = 1,
) -> Rolled:
    """Returns a forecast from every `step`-th origin whose horizon lies within rows [a, b).

    values: (T, C + K); the window before an origin may begin before a. A
    recursive forecaster begins each window from a zero state.
    """
    info = forecaster.info
    horizon, lookback = info.horizon, info.lookback
    first = max(rows[0], lookback)
    origins = np.arange(first, rows[1] - horizon + 1, step)
    terms = None
    if info.calendar and times is not None:
        terms = calendar_terms(times, info.calendar)
    parts = []
    for start in range(0, len(origins), _BATCH):
        taken = origins[start : start + _BATCH]
        windows = np.stack([values[o - lookback : o] for o in taken])
        calendar = None
        if terms is not None:
            calendar = np.stack([terms[o - lookback : o + horizon] for o in taken])
        result = forecaster.model.run(windows, calendar, horizon)
        parts.append((result.forecast, result.low, result.high))
    sides = [
        None if parts[0][side] is None else np.concatenate([part[side] for part in parts])
        for side in range(3)
    ]
    channels = len(info.channels)
    actual = np.stack([values[o : o + horizon, :channels] for o in origins])
    forecast, low, high = sides
    return Rolled(origins, np.asarray(forecast, np.float64), actual, low, high)


def measure_intervals(rolled: Rolled, share: float) -> Intervals:
    """Returns widths that hold `share` of what came, for each row ahead and channel.

    Split conformal prediction (Vovk et al., 2005; Lei et al., 2018), each side
    by itself: of n errors, the ceil((n + 1)(1 + share) / 2)-th smallest below
    and above. On rows that neither trained nor validated the network, it holds
    on rows like them; forecasts of neighbouring origins are not independent,
    so what comes out is to be checked, and is.
    """
    error = np.sort(rolled.actual - rolled.forecast, axis=0)
    count = len(error)
    rank = min(int(np.ceil((count + 1) * (1 + share) / 2)), count)
    below, above = -error[count - rank], error[rank - 1]
    # An interval holds its forecast, also where all errors had one sign.
    return Intervals(
        below=np.maximum(below, 0.0), above=np.maximum(above, 0.0), coverage=share, measured=count
    )


def coverage(rolled: Rolled, intervals: Intervals) -> float:
    """Returns the share of values (N, H, C) that lie within the intervals."""
    low, high = rolled.forecast - intervals.below, rolled.forecast + intervals.above
    return float(((rolled.actual >= low) & (rolled.actual <= high)).mean())
