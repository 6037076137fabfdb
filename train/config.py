"""Training configurations: frozen, validated, and written into every checkpoint."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.errors import ConfigError
from stillwatch.runtime.scaling import ScalingPolicy

__all__ = [
    "CONFIGS",
    "OPTIMIZERS",
    "Config",
    "NabRdsConfig",
    "RepeatVectorConfig",
    "config_from_dict",
]

OPTIMIZERS = ("sgd", "adam", "rmsprop", "adagrad")


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
        _check_types(self)
        _check(1 <= self.units <= 4096, "units from 1 to 4096", self.units)
        _check(2 <= self.window <= 100_000, "a window of 2 to 100000 values", self.window)
        _check(1 <= self.epochs <= 100_000, "1 to 100000 epochs", self.epochs)
        _check(0 < self.learning_rate < math.inf, "a learning rate above 0", self.learning_rate)
        _check(self.optimizer in OPTIMIZERS, f"an optimizer of {OPTIMIZERS}", self.optimizer)
        _check(0 < self.validation < 1, "a validation share between 0 and 1", self.validation)
        _check(0 < self.sigmas < math.inf, "a number of sigmas above 0", self.sigmas)
        _check(0 <= self.seed < 2**31, "a seed from 0 to 2**31 - 1", self.seed)
        _check(len(self.scaling) > 0, "at least one scaling policy", self.scaling)
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
        _check_types(self)
        _check(1 <= self.units <= 4096, "units from 1 to 4096", self.units)
        _check(1 <= self.layers <= 8, "1 to 8 layers", self.layers)
        modes = ("independent", "joint")
        _check(self.channels in modes, f"channels of {modes}", self.channels)
        _check(2 <= self.window <= 100_000, "a window of 2 to 100000 values", self.window)
        _check(1 <= self.step <= 100_000, "a step of 1 to 100000 rows", self.step)
        _check(1 <= self.epochs <= 100_000, "1 to 100000 epochs", self.epochs)
        _check(1 <= self.batch <= 100_000, "a batch of 1 to 100000 windows", self.batch)
        _check(0 < self.learning_rate < math.inf, "a learning rate above 0", self.learning_rate)
        _check(0 < self.clip < math.inf, "a gradient norm above 0", self.clip)
        _check(1 <= self.patience <= 100_000, "a patience of 1 to 100000", self.patience)
        _check(0 < self.validation < 1, "a validation share between 0 and 1", self.validation)
        _check(0 <= self.alpha <= 1, "an alpha from 0 to 1", self.alpha)
        _check(0 < self.temperature < math.inf, "a temperature above 0", self.temperature)
        _check(0 <= self.seed < 2**31, "a seed from 0 to 2**31 - 1", self.seed)


def _check_types(config: object) -> None:
    """Holds every field to the type of its default; a whole number will do for a float."""
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        value, wanted = getattr(config, field.name), type(field.default)
        fits = type(value) is wanted or (wanted is float and type(value) is int)
        if wanted is tuple:
            fits = fits and all(isinstance(item, str) for item in value)
        _check(fits, f"{field.name} as {wanted.__name__}", value)


def _check(holds: bool, expected: str, got: object) -> None:
    if not holds:
        raise ConfigError(f"expected {expected}, got {got!r}")


Config = NabRdsConfig | RepeatVectorConfig

# The families that can be trained, by name; a new one registers its configuration here.
CONFIGS: dict[str, type[Config]] = {
    "nab-rds": NabRdsConfig,
    "repeat-vector": RepeatVectorConfig,
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
