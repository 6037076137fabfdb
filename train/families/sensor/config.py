"""A sensor autoencoder and its training, as they can be chosen."""

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.train.families.config_fields import check_fields

__all__ = ["SensorConfig"]


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

    family: ClassVar[str] = "sensor"
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
