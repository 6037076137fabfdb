"""What the configuration of any family says: frozen, validated, and written into checkpoints."""

from dataclasses import Field
from typing import Any, ClassVar, Protocol

__all__ = ["Config", "WindowedConfig"]


class Config(Protocol):
    """A frozen dataclass whose fields are the options of a training.

    family: its name in checkpoints and capsules.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    family: ClassVar[str]

    @property
    def units(self) -> int:
        """Hidden units of an LSTM layer."""

    @property
    def layers(self) -> int:
        """LSTM layers, of encoder and decoder each where there are two."""

    @property
    def channels(self) -> str:
        """How they go in: "joint", all at once, or "independent", each a sequence of its own."""

    @property
    def window(self) -> int:
        """Values that the network sees from a zero state."""

    @property
    def epochs(self) -> int:
        """Passes over the training data, at most."""

    @property
    def learning_rate(self) -> float:
        """Of the optimiser."""

    @property
    def seed(self) -> int:
        """Of all that is drawn."""


class WindowedConfig(Config, Protocol):
    """A configuration that is trained on windows of whole series, with early stopping."""

    @property
    def step(self) -> int:
        """Rows from one training window to the next."""

    @property
    def batch(self) -> int:
        """Windows a step of the optimiser."""

    @property
    def clip(self) -> float:
        """The largest norm of a batch's gradient."""

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss before the end."""

    @property
    def validation(self) -> float:
        """The last share of the training rows."""
