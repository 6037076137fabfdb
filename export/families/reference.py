"""A plain NumPy LSTM in double precision, of which the families' references are made.

One equation a line, no cleverness; it shares nothing with onnxruntime or
MXNet but the weights. Source of the LSTM: Gluon's documentation of
`gluon.rnn.LSTM`, gates i, f, g, o.
"""

from collections.abc import Callable
from dataclasses import astuple

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.runtime.arrays import Float64

__all__ = ["Function", "State", "lstm", "lstm_from", "sigmoid"]

State = tuple[Float64, Float64]
Function = Callable[[Float64], Float64]


def lstm(x: Float64, layer: LstmLayer) -> Float64:
    """Returns the hidden states (N, T, H) of x (N, T, C), from a zero state."""
    zero = np.zeros((len(x), layer.units))
    return lstm_from(x, layer, (zero, zero))[0]


def sigmoid(x: Float64) -> Float64:
    """Returns 1 / (1 + exp(-x)), which would overflow."""
    value: Float64 = 0.5 * (1.0 + np.tanh(0.5 * x))
    return value


def lstm_from(
    x: Float64,
    layer: LstmLayer,
    begin: State,
    activation: Function = np.tanh,
    gate: Function = sigmoid,
) -> tuple[Float64, State]:
    """Returns the hidden states (N, T, H) of x (N, T, C), and the last h and c (N, H)."""
    w_x, w_h, b_x, b_h = (np.asarray(w, np.float64) for w in astuple(layer))
    h, c = begin
    states = []
    for x_t in x.transpose(1, 0, 2):  # NTC -> TNC
        i, f, g, o = np.split(x_t @ w_x.T + b_x + h @ w_h.T + b_h, 4, axis=1)
        c = gate(f) * c + gate(i) * activation(g)
        h = gate(o) * activation(c)
        states.append(h)
    return np.stack(states, axis=1), (h, c)
