"""Training configurations: frozen, validated, and written into every checkpoint."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from stillwatch.runtime.errors import ConfigError
from stillwatch.runtime.scoring.scaling import ScalingPolicy
from stillwatch.train.families.config_fields import check, check_fields

__all__ = [
    "CONFIGS",
    "Config",
    "NabRdsConfig",
    "RepeatVectorConfig",
    "SensorConfig",
    "WindowedConfig",
    "config_from_dict",
]


@dataclass(frozen=True, kw_only=True)
class NabRdsConfig:
    """The recipe of the single-feature autoencoder; the defaults are the published ones.

    units: LSTM units. window: consecutive values fed as one sequence, the
    state zero at the start of each. masked: labelled training anomalies give
    way to the last normal value. scaling: the policies to calibrate a
    threshold for, the first one the capsule's default. validation: the last
    part of the training series, which the optimiser never sees. sigmas: the
    threshold is mean + sigmas * deviation of the training errors.
    """

    units: int = 1
    window: int = 48
    masked: bool = True
    scaling: tuple[str, ...] = ("series", "trained", "rolling(288)")
    epochs: int = 15
    learning_rate: float = 0.01
    optimizer: str = "sgd"
    validation: float = 0.2
    sigmas: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)
        check(len(self.scaling) > 0, "at least one scaling policy", self.scaling)
        for policy in self.scaling:
            ScalingPolicy.parse(policy)


@dataclass(frozen=True, kw_only=True)
class RepeatVectorConfig:
    """A repeat-vector autoencoder and its training; the defaults are the published student's.

    channels: "independent" feeds one channel at a time with shared weights,
    "joint" all at once. step: rows from one training window to the next.
    validation: the last part of each series' windows, for early stopping.
    alpha: the teacher's share in the loss, 0 without one. temperature:
    divides both reconstructions of the teacher's term. clip: the largest
    global norm of a batch's gradient. patience: epochs without a better
    validation loss before the end; the learning rate is halved after a third.
    """

    units: int = 200
    layers: int = 1
    channels: str = "independent"
    window: int = 100
    step: int = 10
    epochs: int = 30
    batch: int = 64
    learning_rate: float = 1e-3
    clip: float = 5.0
    patience: int = 6
    validation: float = 0.2
    alpha: float = 0.0
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)


@dataclass(frozen=True, kw_only=True)
class SensorConfig:
    """A sensor autoencoder and its training: all channels at once, windows of T rows.

    dropout: the share of hidden values set to zero between layers, in
    training alone. missing: what stands in for cells without a value: nothing
    ("refuse"), the last value before ("forward"), or a line between the
    neighbours ("interpolate", which looks ahead: at the edge such a cell is
    refused, unless told otherwise). Scoring follows what the capsule says.
    The rest is as in RepeatVectorConfig.
    """

    channels: ClassVar[str] = "joint"

    units: int = 64
    layers: int = 2
    window: int = 100
    step: int = 10
    epochs: int = 50
    batch: int = 64
    learning_rate: float = 1e-3
    clip: float = 5.0
    patience: int = 12
    validation: float = 0.2
    dropout: float = 0.0
    missing: str = "refuse"
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)


WindowedConfig = RepeatVectorConfig | SensorConfig
Config = NabRdsConfig | WindowedConfig

# The families that can be trained, by name; a new one registers its configuration here.
CONFIGS: dict[str, type[Config]] = {
    "nab-rds": NabRdsConfig,
    "repeat-vector": RepeatVectorConfig,
    "sensor": SensorConfig,
}


def config_from_dict(family: str, document: Mapping[str, Any]) -> Config:
    """Returns the configuration in a checkpoint's JSON; raises ConfigError."""
    if family not in CONFIGS:
        raise ConfigError(f"expected a family of {', '.join(CONFIGS)}, got {family!r}")
    kind = CONFIGS[family]
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(document) - known)
    if unknown:
        raise ConfigError(f"expected the options {sorted(known)}, got also {unknown}")
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    try:
        return kind(**options)
    except TypeError as error:
        raise ConfigError(f"configuration has a value of the wrong type: {error}") from error
