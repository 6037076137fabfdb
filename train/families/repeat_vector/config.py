"""A repeat-vector autoencoder and its training, as they can be chosen."""

from dataclasses import dataclass, field
from typing import ClassVar

from stillwatch.train.families.config_fields import ADDED_LATER, check, check_fields

__all__ = ["REACH", "RepeatVectorConfig"]

# Deviations that a window of a scale-free network may reach; one that goes beyond is shrunk to
# them, since gates saturate there and what they no longer see is reconstructed as nothing.
REACH = 4.0


@dataclass(frozen=True, kw_only=True)
class RepeatVectorConfig:
    """A repeat-vector autoencoder and its training; the defaults are the published student's.

    channels: "independent" feeds one channel at a time with shared weights,
    "joint" all at once. segment: rows that the network reads and writes at a
    step, of which a window is a whole number; 1 is the published form.
    scale_free: a channel that goes beyond REACH in a window goes in shrunk to
    it, and what comes out is as much larger. step: rows from one training
    window to the next. validation: the last part of each series' windows, for early stopping.
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
    segment: int = field(default=1, metadata=ADDED_LATER)
    scale_free: bool = field(default=False, metadata=ADDED_LATER)

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)
        whole = self.window % self.segment == 0
        check(whole, f"a segment that divides the window of {self.window} rows", self.segment)
