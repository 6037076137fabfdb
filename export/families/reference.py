"""A plain NumPy network in double precision: what a capsule's golden vectors come from.

One equation a line, no cleverness; it shares nothing with onnxruntime or
MXNet but the weights. Source of the LSTM: Gluon's documentation of
`gluon.rnn.LSTM`, gates i, f, g, o.
"""

from collections.abc import Mapping
from dataclasses import astuple

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer, Weights
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = [
    "lstm",
    "lstm_from",
    "nab_rds_reconstruction",
    "repeat_vector_reconstruction",
    "sensor_reconstruction",
]

State = tuple[Float64, Float64]


def lstm(x: Float64, layer: LstmLayer) -> Float64:
    """Returns the hidden states (N, T, H) of x (N, T, C), from a zero state."""
    zero = np.zeros((len(x), layer.units))
    return lstm_from(x, layer, (zero, zero))[0]


def lstm_from(x: Float64, layer: LstmLayer, begin: State) -> tuple[Float64, State]:
    """Returns the hidden states (N, T, H) of x (N, T, C), and the last h and c (N, H)."""
    w_x, w_h, b_x, b_h = (np.asarray(w, np.float64) for w in astuple(layer))
    h, c = begin
    states = []
    for x_t in x.transpose(1, 0, 2):  # NTC -> TNC
        i, f, g, o = np.split(x_t @ w_x.T + b_x + h @ w_h.T + b_h, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1), (h, c)


def nab_rds_reconstruction(
    checkpoint: Checkpoint, weights: Mapping[str, AnyArray], scaled: Float64
) -> Float64:
    """Returns the reconstruction (T, 1) of scaled values (T, 1), cut into windows."""
    window = checkpoint.config.window
    layer = LstmLayer.of(weights, "lstm", 0)
    parts = []
    for start in range(0, len(scaled), window):
        hidden = lstm(scaled[None, start : start + window], layer)[0]
        dense = hidden @ weights["dense.weight"].T.astype(np.float64) + weights["dense.bias"]
        parts.append(np.tanh(dense))
    reconstruction: Float64 = np.concatenate(parts)
    return reconstruction


def repeat_vector_reconstruction(
    config: RepeatVectorConfig, weights: Weights, scaled: Float64
) -> Float64:
    """Returns the reconstruction (T, C) of scaled values (T, C), cut into windows."""
    parts = []
    for start in range(0, len(scaled), config.window):
        window = scaled[None, start : start + config.window]  # (1, T, C)
        if config.channels == "independent":
            window = window.transpose(2, 1, 0)  # (C, T, 1)
        hidden = window
        for layer in weights.encoder:
            hidden = lstm(hidden, layer)
        hidden = np.repeat(hidden[:, -1:], window.shape[1], axis=1)
        for layer in weights.decoder:
            hidden = lstm(hidden, layer)
        decoded = hidden @ weights.dense_weight.T.astype(np.float64) + weights.dense_bias
        if config.channels == "independent":
            decoded = decoded.transpose(2, 1, 0)
        parts.append(decoded[0])
    return np.concatenate(parts)


def sensor_reconstruction(config: SensorConfig, weights: Weights, scaled: Float64) -> Float64:
    """Returns the reconstruction (T, C) of scaled values (T, C), cut into windows."""
    zero = np.zeros((1, config.units))
    parts = []
    for start in range(0, len(scaled), config.window):
        hidden = scaled[None, start : start + config.window]  # (1, T, C)
        steps = hidden.shape[1]
        states = []
        for layer in weights.encoder:
            hidden, state = lstm_from(hidden, layer, (zero, zero))
            states.append(state)
        hidden = np.repeat(hidden[:, -1:], steps, axis=1)
        for layer, state in zip(weights.decoder, states, strict=True):
            hidden, _ = lstm_from(hidden, layer, state)
        parts.append(hidden[0] @ weights.dense_weight.T.astype(np.float64) + weights.dense_bias)
    return np.concatenate(parts)


def _sigmoid(x: Float64) -> Float64:
    # Does not overflow, as 1 / (1 + exp(-x)) does.
    sigmoid: Float64 = 0.5 * (1.0 + np.tanh(0.5 * x))
    return sigmoid
