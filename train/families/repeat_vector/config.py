"""A repeat-vector autoencoder and its training, as they can be chosen."""

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.train.families.config_fields import check_fields

__all__ = ["RepeatVectorConfig"]


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

    family: ClassVar[str] = "repeat-vector"

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
