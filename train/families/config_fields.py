"""What the fields of a training configuration may be, whichever configuration has them."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from stillwatch.runtime.errors import ConfigError

__all__ = [
    "ADDED_LATER",
    "CHANNEL_MODES",
    "MISSING",
    "OPTIMIZERS",
    "check",
    "check_fields",
    "written",
]

OPTIMIZERS = ("sgd", "adam", "rmsprop", "adagrad")
CHANNEL_MODES = ("independent", "joint")
MISSING = ("refuse", "forward", "interpolate")

# Metadata of a field that older files have not: at its default it is left out of what is written,
# so that checkpoints and capsules of what there was before keep their bytes.
ADDED_LATER = {"added_later": True}

_RANGES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "units": ("units from 1 to 4096", lambda x: 1 <= x <= 4096),
    "layers": ("1 to 8 layers", lambda x: 1 <= x <= 8),
    "segment": ("segments of 1 to 100000 rows", lambda x: 1 <= x <= 100_000),
    "channels": (f"channels of {CHANNEL_MODES}", lambda x: x in CHANNEL_MODES),
    "window": ("a window of 2 to 100000 values", lambda x: 2 <= x <= 100_000),
    "step": ("a step of 1 to 100000 rows", lambda x: 1 <= x <= 100_000),
    "epochs": ("1 to 100000 epochs", lambda x: 1 <= x <= 100_000),
    "batch": ("a batch of 1 to 100000 windows", lambda x: 1 <= x <= 100_000),
    "learning_rate": ("a learning rate above 0", lambda x: 0 < x < math.inf),
    "optimizer": (f"an optimizer of {OPTIMIZERS}", lambda x: x in OPTIMIZERS),
    "clip": ("a gradient norm above 0", lambda x: 0 < x < math.inf),
    "patience": ("a patience of 1 to 100000", lambda x: 1 <= x <= 100_000),
    "validation": ("a validation share between 0 and 1", lambda x: 0 < x < 1),
    "sigmas": ("a number of sigmas above 0", lambda x: 0 < x < math.inf),
    "alpha": ("an alpha from 0 to 1", lambda x: 0 <= x <= 1),
    "temperature": ("a temperature above 0", lambda x: 0 < x < math.inf),
    "dropout": ("a dropout from 0 to below 1", lambda x: 0 <= x < 1),
    "missing": (f"missing values by one of {MISSING}", lambda x: x in MISSING),
    "seed": ("a seed from 0 to 2**31 - 1", lambda x: 0 <= x < 2**31),
}


def written(config: object) -> dict[str, Any]:
    """Returns a configuration's options as files have them."""
    return {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)  # type: ignore[arg-type]
        if not (field.metadata.get("added_later") and getattr(config, field.name) == field.default)
    }


def check_fields(config: object) -> None:
    """Raises ConfigError naming the first value of a wrong type or out of range."""
    _check_types(config)
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        if field.name in _RANGES:
            expected, holds = _RANGES[field.name]
            value = getattr(config, field.name)
            check(holds(value), expected, value)


def _check_types(config: object) -> None:
    """Holds every field to the type of its default; a whole number will do for a float."""
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        value, wanted = getattr(config, field.name), type(field.default)
        fits = type(value) is wanted or (wanted is float and type(value) is int)
        if wanted is tuple:
            fits = fits and all(isinstance(item, str) for item in value)
        check(fits, f"{field.name} as {wanted.__name__}", value)


def check(holds: bool, expected: str, got: object) -> None:
    """Raises ConfigError where it does not hold, with what was expected and what came."""
    if not holds:
        raise ConfigError(f"expected {expected}, got {got!r}")
