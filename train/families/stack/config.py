"""A stack of LSTM layers as it came in: how wide each is, and with which activations."""

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.train.families.config_fields import check, check_fields

__all__ = ["CELLS", "DENSE", "GATES", "StackConfig", "StackLayer"]

CELLS = ("tanh", "relu", "sigmoid", "linear")
GATES = ("sigmoid", "hard_sigmoid", "hard_sigmoid_0.2")  # x/6 + 0.5 of Keras 3, 0.2 x + 0.5 of 2
DENSE = ("linear", "tanh", "relu", "sigmoid")
_DIRECTIONS = ("forward", "both")


@dataclass(frozen=True, kw_only=True)
class StackLayer:
    """An LSTM layer: hidden units of a direction, whether it has both, activation and gate."""

    units: int
    both: bool = False
    activation: str = "tanh"
    gate: str = "sigmoid"

    @classmethod
    def parse(cls, text: str) -> "StackLayer":
        """Returns the layer in a text such as "64 forward tanh sigmoid"; raises ConfigError."""
        words = text.split()
        known = len(words) == 4 and words[1] in _DIRECTIONS
        known = known and words[2] in CELLS and words[3] in GATES and words[0].isdecimal()
        expected = "layers as '64 forward tanh sigmoid'"
        check(known and 0 < int(words[0]) <= 2**16, expected, text)
        units, direction, activation, gate = words
        return cls(units=int(units), both=direction == "both", activation=activation, gate=gate)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return f"{self.units} {_DIRECTIONS[self.both]} {self.activation} {self.gate}"

    @property
    def outputs(self) -> int:
        """How many values it passes on a step."""
        return self.units * (1 + self.both)


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Encoder, its last state repeated, decoder, dense; all channels at once.

    encoder_layers, decoder_layers: as texts, in order; without an encoder the
    decoder reads the values themselves. activation: behind the dense layer.
    Such a network is not trained here: it has come in from elsewhere.
    """

    family: ClassVar[str] = "stack"
    channels: ClassVar[str] = "joint"
    epochs: ClassVar[int] = 0
    learning_rate: ClassVar[float] = 0.0
    seed: ClassVar[int] = 0

    encoder_layers: tuple[str, ...] = ()
    decoder_layers: tuple[str, ...] = ("1 forward tanh sigmoid",)
    activation: str = "linear"
    window: int = 100

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)
        check(
            len(self.decoder_layers) > 0, "at least one layer in the decoder", self.decoder_layers
        )
        check(self.activation in DENSE, f"an activation of {', '.join(DENSE)}", self.activation)
        for text in (*self.encoder_layers, *self.decoder_layers):
            StackLayer.parse(text)

    @property
    def units(self) -> int:
        """Hidden units of the widest layer."""
        return max(
            StackLayer.parse(text).units for text in (*self.encoder_layers, *self.decoder_layers)
        )

    @property
    def layers(self) -> int:
        """LSTM layers of encoder and decoder together."""
        return len(self.encoder_layers) + len(self.decoder_layers)

    @property
    def cells(self) -> dict[str, int]:
        """LSTM cells of encoder and decoder: a layer with both directions has two."""
        return {
            block: sum(1 + StackLayer.parse(text).both for text in texts)
            for block, texts in (("encoder", self.encoder_layers), ("decoder", self.decoder_layers))
        }
