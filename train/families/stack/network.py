"""A stack in Gluon, cell by cell: what an import of other widths and activations is checked by."""

from collections.abc import Callable, Mapping
from typing import Any

from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.stack.config import StackConfig, StackLayer
from stillwatch.train.loop.fit import to_nd

__all__ = ["Stack", "build"]

_PARTS = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": mx.nd.tanh,
    "relu": mx.nd.relu,
    "sigmoid": mx.nd.sigmoid,
    "linear": mx.nd.identity,
    "hard_sigmoid": lambda x: mx.nd.hard_sigmoid(x, alpha=1 / 6, beta=0.5),
    "hard_sigmoid_0.2": lambda x: mx.nd.hard_sigmoid(x, alpha=0.2, beta=0.5),
}


class Stack(mx.gluon.Block):
    """Encoder, its last state repeated, decoder, dense.

    Called with scaled values (T, N, C), gives their reconstruction (T, N, C).
    """

    def __init__(self, config: StackConfig, channels: int) -> None:
        """A network that is not yet initialized."""
        super().__init__()
        self._activation = _FUNCTIONS[config.activation]
        self._blocks: dict[str, list[tuple[StackLayer, list[Any]]]] = {}
        width = channels
        with self.name_scope():
            for block, texts in (
                ("encoder", config.encoder_layers),
                ("decoder", config.decoder_layers),
            ):
                layers = [StackLayer.parse(text) for text in texts]
                widths = [width, *(layer.outputs for layer in layers)]
                self._blocks[block] = [
                    (layer, self._cells(layer, inputs))
                    for layer, inputs in zip(layers, widths[:-1], strict=True)
                ]
                width = widths[-1]
            self.dense = mx.gluon.nn.Dense(channels, flatten=False, in_units=width)

    def _cells(self, layer: StackLayer, inputs: int) -> list[Any]:
        cells = []
        for _ in range(1 + layer.both):
            # For its parameters: its own step takes no activation but MXNet's five.
            cell = mx.gluon.rnn.LSTMCell(layer.units, input_size=inputs)
            self.register_child(cell)
            cells.append(cell)
        return cells

    def set_weights(self, weights: Mapping[str, AnyArray]) -> None:
        """Takes a checkpoint's weights."""
        for block, layers in self._blocks.items():
            for number, (_, cells) in enumerate(layers):
                names = (f"{block}.{number}", f"{block}.{number}.backward")
                for name, cell in zip(names, cells, strict=False):
                    for part in _PARTS:
                        getattr(cell, part).set_data(to_nd(weights[f"{name}._unfused.0.{part}"]))
        for part in ("weight", "bias"):
            getattr(self.dense, part).set_data(to_nd(weights[f"dense.{part}"]))

    def forward(self, values: Any) -> Any:
        """Returns the reconstruction."""
        hidden, last = self._run("encoder", values)
        if last is not None:
            hidden = mx.nd.broadcast_like(last.expand_dims(0), values, lhs_axes=(0,), rhs_axes=(0,))
        return self._activation(self.dense(self._run("decoder", hidden)[0]))

    def _run(self, block: str, hidden: Any) -> tuple[Any, Any]:
        """Returns what the last layer passes on (T, N, H), and what it ends with (N, H)."""
        last = None
        for layer, cells in self._blocks[block]:
            sides, ends = [], []
            for cell, backward in zip(cells, (False, True), strict=False):
                side = _steps(cell, layer, hidden.flip(axis=0) if backward else hidden)
                ends.append(side[-1])
                sides.append(side.flip(axis=0) if backward else side)
            hidden, last = mx.nd.concat(*sides, dim=2), mx.nd.concat(*ends, dim=1)
        return hidden, last


def _steps(cell: Any, layer: StackLayer, values: Any) -> Any:
    """Returns the hidden states (T, N, H) of values (T, N, C), from a zero state."""
    w_x, w_h, b_x, b_h = (getattr(cell, part).data() for part in _PARTS)
    activation, gate = _FUNCTIONS[layer.activation], _FUNCTIONS[layer.gate]
    h = c = mx.nd.zeros((values.shape[1], layer.units))
    states = []
    for x in values:
        gates = mx.nd.dot(x, w_x, transpose_b=True) + b_x + mx.nd.dot(h, w_h, transpose_b=True)
        i, f, g, o = mx.nd.split(gates + b_h, 4, axis=1)
        c = gate(f) * c + gate(i) * activation(g)
        h = gate(o) * activation(c)
        states.append(h)
    return mx.nd.stack(*states, axis=0)


def build(config: StackConfig, channels: int) -> Stack:
    """Returns the network of a configuration, not yet initialized."""
    return Stack(config, channels)
