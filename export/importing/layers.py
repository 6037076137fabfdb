"""What a file of any framework holds, in one form: layers in their order, Gluon's gate order.

Nothing here knows where the arrays came from, and nothing says yet which of
our families they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.scaler import Scaler
from stillwatch.runtime.arrays import AnyArray

__all__ = ["Dense", "Foreign", "Layer", "Lstm", "Repeat"]


@dataclass(frozen=True, kw_only=True)
class Lstm:
    """A recurrent layer.

    block: the attribute or layer that it belongs to; the layers of one block
    follow each other. backward: the second direction of a bidirectional one.
    sequences: whether it passes on every step or the last one alone; None
    where the file does not say. begins: whether from another layer's state,
    or from zeros; None likewise. activation, gate: of cell and gates.
    sources: their names of the arrays, by ours.
    """

    block: str
    forward: LstmLayer
    backward: LstmLayer | None = None
    sequences: bool | None = None
    begins: bool | None = None
    activation: str = "tanh"
    gate: str = "sigmoid"
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> int:
        """How many values it reads a step."""
        return int(self.forward.i2h_weight.shape[1])

    @property
    def outputs(self) -> int:
        """How many values it passes on a step."""
        return self.forward.units * (1 if self.backward is None else 2)


@dataclass(frozen=True, kw_only=True)
class Dense:
    """weight (out, in), bias (out,); activation: None where the file does not say."""

    block: str
    weight: AnyArray
    bias: AnyArray
    activation: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> int:
        """How many values it reads."""
        return int(self.weight.shape[1])

    @property
    def outputs(self) -> int:
        """How many values it gives."""
        return int(self.weight.shape[0])


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """The last step again, `times` times: what feeds the decoder."""

    block: str
    times: int


Layer = Lstm | Dense | Repeat


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A network as its file tells it. window: rows, where it says; ordered: layers as they run.

    Where a file has weights alone, their order is that of the file. scaler:
    what it computes first, where it does.
    """

    framework: str
    layers: tuple[Layer, ...]
    window: int | None = None
    ordered: bool = False
    scaler: Scaler | None = None
