"""What a forecaster answers."""

from dataclasses import dataclass

from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["Forecast"]


@dataclass(frozen=True)
class Forecast:
    """A forecast (H, C), or (N, H, C) of several series, the sensor's units.

    low, high: the interval that holds the capsule's `coverage` of the values,
    None where the capsule has none, NaN beyond the horizon that was measured.
    times: (H,) datetime64 of the rows ahead, where those of the series were given.
    """

    forecast: Float32
    low: Float32 | None
    high: Float32 | None
    times: AnyArray | None = None

    def of_series(self, number: int) -> "Forecast":
        """Returns the forecast (H, C) of one of several series."""
        low, high = (None if side is None else side[number] for side in (self.low, self.high))
        return Forecast(self.forecast[number], low, high, self.times)
