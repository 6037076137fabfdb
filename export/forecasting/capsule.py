"""From a forecaster's checkpoint to its capsule: check, build, describe, seal."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx

from stillwatch.export.capsule.golden import TOLERANCE
from stillwatch.export.capsule.seal import check_parameters, producer
from stillwatch.export.forecasting.direct_graph import direct_graph
from stillwatch.export.forecasting.nodes import Scaler
from stillwatch.export.forecasting.recursive_graph import recursive_graph
from stillwatch.export.forecasting.reference import direct_forecast, recursive_forecast
from stillwatch.export.forecasting.weights import (
    DirectWeights,
    Layout,
    RecursiveWeights,
    expected_shapes,
)
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import digest
from stillwatch.runtime.capsule.info import DIGEST_KEY, METADATA_KEY, Channel
from stillwatch.runtime.errors import CheckpointError
from stillwatch.runtime.forecasting.calendar import calendar_terms
from stillwatch.runtime.forecasting.info import (
    FORECAST_SCHEMA,
    TASK,
    ForecastGolden,
    ForecastInfo,
)
from stillwatch.runtime.forecasting.times import Step
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["Intervals", "Network", "build_forecaster"]

_DIGITS = 9
_GOLDEN_STEP = np.timedelta64(1, "h")  # of the made-up times that golden calendars come from


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Widths (H, C) below and above a forecast, the sensor's units, and how they were measured.

    measured: rows. coverage: what share of such rows they hold.
    """

    below: AnyArray
    above: AnyArray
    coverage: float
    measured: int


class Network:
    """A checkpoint's network, computed in plain NumPy: `forecast` of rows in the sensor's units."""

    def __init__(self, checkpoint: Checkpoint, weights: Mapping[str, AnyArray]) -> None:
        """Raises CheckpointError for weights that are not exactly the family's."""
        config = checkpoint.config
        if not isinstance(config, ForecasterConfig):
            raise CheckpointError(f"expected a forecaster's checkpoint, got {checkpoint.family}'s")
        check_parameters(weights, expected_shapes(config, len(checkpoint.channels)))
        result = sum(weight.size for name, weight in weights.items() if name != "share")
        if result != checkpoint.parameters:
            raise CheckpointError(
                f"the checkpoint claims {checkpoint.parameters} parameters, its weights hold "
                f"{result}"
            )
        self.config = config
        self.layout = Layout.of(config, len(checkpoint.channels))
        # The graph sees single precision, and so must the reference.
        self.scaler = Scaler(
            np.array(checkpoint.mean, np.float32), np.array(checkpoint.scale, np.float32)
        )
        self.direct = config.strategy == "direct"
        self.weights: DirectWeights | RecursiveWeights
        if self.direct:
            self.weights = DirectWeights.of(config, self.layout, weights)
        else:
            self.weights = RecursiveWeights.of(config, weights)

    def forecast(self, values: Float64, calendar: AnyArray) -> Float64:
        """Returns what follows values (T, C + K), (H, C), both the sensor's units.

        calendar: (T + H, K').
        """
        channels = self.layout.channels
        mean, scale = self.scaler.mean.astype(np.float64), self.scaler.scale.astype(np.float64)
        rows, calendar = (values - mean) / scale, calendar.astype(np.float64)
        if isinstance(self.weights, DirectWeights):
            rows = rows[-self.config.lookback :]
            calendar = calendar[-self.config.lookback - self.config.horizon :]
            scaled = direct_forecast(self.config, self.weights, self.layout, rows, calendar)
        else:
            scaled = recursive_forecast(self.config, self.weights, self.layout, rows, calendar)
        forecast: Float64 = scaled * scale[:channels] + mean[:channels]
        return forecast


def build_forecaster(
    checkpoint: Checkpoint,
    weights: Mapping[str, AnyArray],
    *,
    intervals: Intervals | None = None,
) -> bytes:
    """Returns the capsule's bytes; the same checkpoint always gives the same bytes.

    intervals: where they were measured; without them the capsule gives none.
    """
    network = Network(checkpoint, weights)
    info = _describe(checkpoint, network, intervals)
    widths = (intervals.below, intervals.above) if intervals else None
    parts = (network.layout, network.scaler, widths)
    if isinstance(network.weights, DirectWeights):
        graph = direct_graph(network.config, network.weights, *parts)
    else:
        graph = recursive_graph(network.config, network.weights, *parts)
    model = graph.model(info.family, info.producer)
    onnx.helper.set_model_props(
        model, {METADATA_KEY: info.to_json(), DIGEST_KEY: digest.PLACEHOLDER}
    )
    return digest.seal(model.SerializeToString(deterministic=True))


def _describe(
    checkpoint: Checkpoint,
    network: Network,
    intervals: Intervals | None,
) -> ForecastInfo:
    config, channels = network.config, network.layout.channels
    direct = network.direct
    lengths = (config.lookback,) if direct else (7, 40)
    training: dict[str, Any] = asdict(config)
    step = checkpoint.data.get("step")
    return ForecastInfo(
        schema=FORECAST_SCHEMA,
        task=TASK,
        family=checkpoint.family,
        strategy=config.strategy,
        horizon=config.horizon,
        lookback=config.lookback,
        layers=0 if direct else config.layers,
        state=0 if direct else config.units * network.layout.groups,
        channel_mode=config.channels,
        channels=tuple(Channel(name, unit) for name, unit in checkpoint.channels[:channels]),
        covariates=config.covariates,
        calendar=config.calendar,
        step=Step(**step) if step else None,
        scaling=config.scaling,
        mean=checkpoint.mean,
        scale=checkpoint.scale,
        share=network.weights.share if isinstance(network.weights, DirectWeights) else 1.0,
        parameters=checkpoint.parameters,
        coverage=intervals.coverage if intervals else 0.0,
        measured=intervals.measured if intervals else 0,
        data=checkpoint.data,
        training=training,
        golden=tuple(_golden(network, length) for length in lengths),
        tolerance=TOLERANCE,
        producer=producer(),
        missing=config.missing,
        time_column=checkpoint.data.get("time_column", ""),
    )


def _golden(network: Network, length: int) -> ForecastGolden:
    """Returns a golden vector of so many rows: sines, with nothing of anybody's data."""
    mean, scale = network.scaler.mean, network.scaler.scale
    row, column = np.arange(length)[:, None], np.arange(len(mean))
    waves = np.sin(0.7 * row + column) + 0.4 * np.sin(2.3 * row + 2 * column)
    values = np.round(mean + scale * waves, 3).astype(np.float32).astype(np.float64)
    times = np.datetime64("2024-01-01", "us") + np.arange(length + network.config.horizon) * (
        _GOLDEN_STEP
    )
    calendar = calendar_terms(times, network.config.calendar)
    forecast = network.forecast(values, calendar)
    return ForecastGolden(_rows(values), _rows(calendar), _rows(forecast))


def _rows(values: AnyArray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(f"{figure:.{_DIGITS}g}") for figure in row) for row in values)
