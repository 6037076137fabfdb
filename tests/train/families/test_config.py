"""Training configurations: each field refuses what it cannot be, and says so in one line."""

import dataclasses
import math
from typing import Any

import pytest

from stillwatch.runtime.errors import ConfigError
from stillwatch.train.families.config_fields import OPTIMIZERS
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.table import CONFIGS, config_from_dict

OUT_OF_RANGE: list[tuple[str, Any]] = [
    ("units", 0),
    ("units", -1),
    ("units", 4097),
    ("window", 1),
    ("window", 100_001),
    ("epochs", 0),
    ("epochs", 100_001),
    ("learning_rate", 0.0),
    ("learning_rate", -0.01),
    ("learning_rate", math.inf),
    ("learning_rate", math.nan),
    ("optimizer", "SGD"),
    ("optimizer", "lbfgs"),
    ("validation", 0.0),
    ("validation", 1.0),
    ("validation", math.nan),
    ("sigmas", 0.0),
    ("sigmas", math.inf),
    ("sigmas", math.nan),
    ("seed", -1),
    ("seed", 2**31),
    ("scaling", ()),
    ("scaling", ("series", "global")),
    ("scaling", ("rolling(1)",)),
    ("scaling", ("rolling(-5)",)),
    ("scaling", ("rolling(99999999)",)),
    ("scaling", ("Series",)),
]

WRONG_TYPE: list[tuple[str, Any]] = [
    ("units", 1.5),
    ("units", "1"),
    ("window", 48.0),
    ("window", None),
    ("epochs", 1.5),
    ("epochs", "15"),
    ("learning_rate", "0.01"),
    ("optimizer", 3),
    ("masked", "no"),
    ("validation", "0.2"),
    ("sigmas", None),
    ("seed", 0.5),
    ("scaling", ("series", 5)),
]


def test_defaults_are_the_published_recipe() -> None:
    config = NabRdsConfig()
    assert (config.units, config.window, config.epochs) == (1, 48, 15)
    assert (config.optimizer, config.learning_rate) == ("sgd", 0.01)
    assert (config.validation, config.sigmas, config.masked) == (0.2, 3.0, True)
    assert config.scaling[0] == "series"


@pytest.mark.parametrize(("field", "value"), OUT_OF_RANGE)
def test_out_of_range(field: str, value: object) -> None:
    shown = repr(value[-1]) if isinstance(value, tuple) and value else repr(value)
    with pytest.raises(ConfigError, match=r"^expected ") as caught:
        NabRdsConfig(**{field: value})  # type: ignore[arg-type]
    assert shown in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("field", "value"), WRONG_TYPE)
def test_wrong_type_in_json(field: str, value: object) -> None:
    with pytest.raises(ConfigError):
        config_from_dict("nab-rds", {field: list(value) if isinstance(value, tuple) else value})


@pytest.mark.parametrize(
    "bounds",
    [
        {"units": 4096, "window": 2, "epochs": 1, "seed": 2**31 - 1, "validation": 0.999},
        {"units": 1, "window": 100_000, "epochs": 100_000, "seed": 0, "validation": 0.001},
        {"scaling": ("rolling(2)",)},
        *({"optimizer": name} for name in OPTIMIZERS),
    ],
)
def test_bounds_are_inside(bounds: dict[str, Any]) -> None:
    config = NabRdsConfig(**bounds)
    assert {name: getattr(config, name) for name in bounds} == bounds


def test_every_field_is_tried() -> None:
    tried = {field for field, _ in OUT_OF_RANGE + WRONG_TYPE}
    assert tried == {field.name for field in dataclasses.fields(NabRdsConfig)}


def test_unknown_names() -> None:
    with pytest.raises(ConfigError, match=r"got also \['batch', 'unit'\]") as caught:
        config_from_dict("nab-rds", {"unit": 2, "epochs": 3, "batch": 48})
    assert "'units'" in str(caught.value)


def test_from_dict_and_back() -> None:
    config = NabRdsConfig(units=3, scaling=("rolling(12)",), masked=False, seed=9)
    document = dataclasses.asdict(config) | {"scaling": ["rolling(12)"]}  # JSON has no tuples
    assert config_from_dict("nab-rds", document) == config
    assert config_from_dict("nab-rds", {}) == NabRdsConfig()


def test_frozen_and_keyword_only() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        NabRdsConfig().units = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        NabRdsConfig(2)  # type: ignore[misc]


def test_families() -> None:
    assert CONFIGS["nab-rds"] is NabRdsConfig
