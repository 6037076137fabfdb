"""The families that can be trained, by name, and where each has its parts."""

import dataclasses
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from stillwatch.runtime.errors import ConfigError
from stillwatch.train.families.config import Config
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.families.stack.config import StackConfig

__all__ = ["CONFIGS", "config_from_dict", "family_module"]

# A new family is a folder beside these, named as it is with underscores, and a line here.
CONFIGS: dict[str, type[Config]] = {
    NabRdsConfig.family: NabRdsConfig,
    RepeatVectorConfig.family: RepeatVectorConfig,
    SensorConfig.family: SensorConfig,
    ForecasterConfig.family: ForecasterConfig,
    StackConfig.family: StackConfig,
}


def family_module(family: str, part: str) -> ModuleType:
    """Returns a module of a family's folder; most of them import MXNet.

    "network" has build(config, channels), a Gluon block that is not yet
    initialized. "recipe" has load_network(folder) and reconstruct(network,
    scaled, config).
    """
    return importlib.import_module(f"{__package__}.{family.replace('-', '_')}.{part}")


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
