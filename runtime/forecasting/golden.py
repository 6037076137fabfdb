"""Replays a forecaster's golden vectors on this machine."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.forecasting.forecaster import Forecaster

__all__ = ["ForecastReplay", "replay"]


@dataclass(frozen=True)
class ForecastReplay:
    """largest: difference from the golden vectors, in scaled units, over the whole horizon."""

    vectors: int
    largest: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether this machine forecasts as the capsule says it must."""
        return self.largest <= self.tolerance


def replay(forecaster: Forecaster) -> ForecastReplay:
    """Returns how far this machine's answers are from a capsule's golden vectors."""
    info = forecaster.info
    scale = np.array(info.scale)[: len(info.channels)]
    largest = 0.0
    for golden in info.golden:
        wanted = np.array(golden.forecast)
        calendar = np.array(golden.calendar) if info.calendar else None
        result = forecaster.model.run(np.array(golden.values)[None], calendar, len(wanted))
        # In the sensor's units single precision rounds by its distance from zero, however small
        # the scale is beside it; that is no difference between networks.
        rounding = 2 * np.finfo(np.float32).eps * np.abs(wanted)
        off = np.maximum(np.abs(result.forecast[0] - wanted) - rounding, 0) / scale
        largest = max(largest, float(off.max()))
    return ForecastReplay(len(info.golden), largest, info.tolerance)
