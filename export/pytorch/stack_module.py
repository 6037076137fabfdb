"""A stack of LSTM layers as a PyTorch module: other widths, both directions, other activations."""

from collections.abc import Callable
from typing import Any

import torch

from stillwatch.train.families.stack.config import StackConfig, StackLayer

__all__ = ["Stack"]

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": lambda x: x,
    "hard_sigmoid": lambda x: torch.clamp(x / 6 + 0.5, 0.0, 1.0),
    "hard_sigmoid_0.2": lambda x: torch.clamp(0.2 * x + 0.5, 0.0, 1.0),
}


class _ActivatedLstm(torch.nn.LSTM):
    """PyTorch's LSTM with other activations than its own, step by step."""

    def __init__(self, inputs: int, layer: StackLayer) -> None:
        """One layer with PyTorch's own initial weights."""
        super().__init__(inputs, layer.units, batch_first=True, bidirectional=layer.both)
        self._functions = _FUNCTIONS[layer.activation], _FUNCTIONS[layer.gate]

    def forward(self, values: Any) -> Any:
        """Returns the hidden states (N, T, H) or (N, T, 2H), and None in place of a state."""
        sides = [self._side(values, "")]
        if self.bidirectional:
            sides.append(self._side(values.flip(1), "_reverse").flip(1))
        return torch.cat(sides, dim=2), None

    def _side(self, values: Any, ending: str) -> Any:
        w_x, w_h, b_x, b_h = (
            getattr(self, f"{part}_l0{ending}")
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        activation, gate = self._functions
        h = c = values.new_zeros(len(values), self.hidden_size)
        states = []
        for x in values.unbind(1):
            i, f, g, o = (x @ w_x.T + b_x + h @ w_h.T + b_h).chunk(4, dim=1)
            c = gate(f) * c + gate(i) * activation(g)
            h = gate(o) * activation(c)
            states.append(h)
        return torch.stack(states, dim=1)


class Stack(torch.nn.Module):
    """Encoder layers, what the last one ends with repeated, decoder layers, Linear, activation."""

    def __init__(self, config: StackConfig, channels: int) -> None:
        """A network with PyTorch's own initial weights."""
        super().__init__()
        self._activation = _FUNCTIONS[config.activation]
        self.encoder, width = _layers(config.encoder_layers, channels)
        self.decoder, width = _layers(config.decoder_layers, width)
        self.dense = torch.nn.Linear(width, channels)

    def forward(self, values: Any) -> Any:
        """Returns the reconstruction (N, T, C) of scaled values (N, T, C)."""
        hidden = values
        for layer in self.encoder:
            hidden, _ = layer(hidden)
        if len(self.encoder):
            # Each direction ends at its own end of the window.
            units = self.encoder[-1].hidden_size
            last = torch.cat([hidden[:, -1, :units], hidden[:, 0, units:]], dim=1)
            hidden = last[:, None].expand(-1, values.shape[1], -1)
        for layer in self.decoder:
            hidden, _ = layer(hidden)
        return self._activation(self.dense(hidden))


def _layers(texts: tuple[str, ...], inputs: int) -> tuple[torch.nn.ModuleList, int]:
    """Returns layers one behind the other, and how many values the last one passes on."""
    made = []
    for text in texts:
        layer = StackLayer.parse(text)
        if (layer.activation, layer.gate) == ("tanh", "sigmoid"):
            lstm = torch.nn.LSTM(inputs, layer.units, batch_first=True, bidirectional=layer.both)
        else:
            lstm = _ActivatedLstm(inputs, layer)
        made.append(lstm)
        inputs = layer.outputs
    return torch.nn.ModuleList(made), inputs
