"""The network that a calibration begins from, as its capsule holds it: windowed or causal."""

from dataclasses import asdict, dataclass
from typing import Protocol

from stillwatch.export.capsule.calibrated import Description
from stillwatch.export.capsule.windowed import build_windowed
from stillwatch.export.families.network import weights_of_capsule
from stillwatch.export.families.table import windowed
from stillwatch.export.forecasting.detection.detector_capsule import ForecastErrors
from stillwatch.export.graph.distance_nodes import Sensors
from stillwatch.export.graph.lstm import Weights
from stillwatch.runtime.alarms.thresholds import quantile_threshold, window_threshold
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.figures import CapsuleThreshold, Training
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.info import ForecastInfo, forecasts
from stillwatch.train.families.config import Config
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.table import config_from_dict

__all__ = ["Origin", "Source", "origin_of"]


class Source(Protocol):
    """A network that sensors can be given to."""

    def build(
        self, sensors: Sensors, description: Description, *, plain_inputs: bool = False
    ) -> bytes:
        """Returns the capsule of these sensors."""

    def threshold(self, scores: Float64, rate: float) -> CapsuleThreshold:
        """Returns the rule by which at most `rate` of normal scores (T,) are alarms."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A network and what its capsule said of it.

    window: rows that normal data want two of, and over which high scores belong together.
    mean, scale: the capsule's own scaler.
    """

    source: Source
    channel_names: tuple[str, ...]
    joint: bool
    window: int
    parameters: int
    training: Training
    mean: tuple[float, ...]
    scale: tuple[float, ...]


def origin_of(content: bytes, name: str, ahead: int | None) -> Origin:
    """Returns the network in the capsule `content` called `name`.

    ahead: rows from a forecast to its error, of a forecaster alone; None for
    one row, or what a detector says that was made of one. Raises CapsuleError
    and InputError for a network that cannot be calibrated.
    """
    _, metadata = opening.open_graph(content, name)
    if forecasts(metadata):
        return _of_forecaster(
            content, name, ForecastInfo.from_json(metadata, name), 1 if ahead is None else ahead
        )
    _, info = opening.open_session(content, name)
    options = info.training.options
    config: Config
    source: Source
    if info.family == ForecasterConfig.family:
        ahead = info.horizon if ahead is None else ahead
        source = _Errors(ForecastErrors.of_capsule(content, options, ahead, name))
        config = source.network.config
    else:
        if ahead is not None:
            raise InputError(f"--ahead is of a forecaster, and {name} is of family {info.family}")
        windowed(info.family, name)
        config = config_from_dict(info.family, options)
        source = _Windowed(config, weights_of_capsule(content, config, name))
    return Origin(
        source=source,
        channel_names=info.channel_names,
        joint=config.channels == "joint",
        window=config.window,
        parameters=info.parameters,
        training=info.training,
        mean=info.mean,
        scale=info.scale,
    )


def _of_forecaster(content: bytes, name: str, info: ForecastInfo, ahead: int) -> Origin:
    network = ForecastErrors.of_capsule(content, info.training, ahead, name)
    data = info.data.get("name")
    return Origin(
        source=_Errors(network),
        channel_names=info.channel_names,
        joint=info.channel_mode == "joint",
        window=info.lookback,
        parameters=info.parameters,
        training=Training(options=info.training, data=data if isinstance(data, str) else None),
        mean=info.mean,
        scale=info.scale,
    )


@dataclass(frozen=True)
class _Windowed:
    """A windowed network: so many high scores in a window are an alarm."""

    config: Config
    network: Weights

    def build(
        self, sensors: Sensors, description: Description, *, plain_inputs: bool = False
    ) -> bytes:
        return build_windowed(
            self.config, self.network, sensors, description, plain_inputs=plain_inputs
        )

    def threshold(self, scores: Float64, rate: float) -> CapsuleThreshold:
        return CapsuleThreshold(**asdict(window_threshold(scores, self.config.window, rate)))


@dataclass(frozen=True)
class _Errors:
    """A forecaster's errors: a high score is an alarm."""

    network: ForecastErrors

    def build(
        self, sensors: Sensors, description: Description, *, plain_inputs: bool = False
    ) -> bytes:
        return self.network.build(sensors, description, plain_inputs=plain_inputs)

    def threshold(self, scores: Float64, rate: float) -> CapsuleThreshold:
        return quantile_threshold(scores, rate)
