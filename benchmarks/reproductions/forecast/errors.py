"""What a causal forecaster expected of each row, some rows before it came; and its controls.

(T, C) scaled values in, (T, C) expected ones out: row t of the answer is known
`ahead` rows before row t is. What nothing is known of yet is expected to be 0.
"""

import numpy as np

from stillwatch.export.forecasting.weights import RecursiveWeights
from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["clock_regression", "expected", "last_value"]

_DAY = 1440  # rows of a minute


def expected(
    checkpoint: Checkpoint, weights: dict[str, AnyArray], scaled: Float64, ahead: int
) -> Float64:
    """Returns what the recursive network of a checkpoint expected of rows (T, C).

    The channels are independent, one layer deep: each is a stream that carries
    its state, as it would at the edge. What lies further ahead than a row comes
    of the network's own answers, from every row at once.
    """
    config = checkpoint.config
    if (
        not isinstance(config, ForecasterConfig)
        or (config.strategy, config.channels) != ("recursive", "independent")
        or config.layers != 1
        or config.dense
    ):
        raise ValueError("expected a recursive network of one layer over independent channels")
    network = RecursiveWeights.of(config, weights)
    (layer,), (dense,) = network.lstm, network.dense
    rows: AnyArray = scaled.astype(np.float32)
    hidden, cells = _states(layer, rows)
    shape = rows.shape
    h, c = (part.reshape(-1, layer.units) for part in (hidden, cells))
    value: AnyArray = rows.reshape(-1, 1)
    for step in range(ahead):
        if step:
            h, c = _step(layer, value, h, c)
        value = value + h @ dense.weight.T + dense.bias
    return _later(value.reshape(shape).astype(np.float64), ahead)


def last_value(scaled: Float64, ahead: int) -> Float64:
    """Returns the control that expects the value of `ahead` rows before."""
    return _later(scaled, ahead)


def clock_regression(normal: Float64, first: int, rows: int) -> Float64:
    """Returns what two harmonics of the day expect, (rows, C), by least squares on normal rows.

    normal: (T, C), a row a minute, which begin at minute 0. first: the minute
    of the first row that is asked for.
    """
    weights = np.linalg.lstsq(_clock(0, len(normal)), normal, rcond=None)[0]
    result: Float64 = _clock(first, rows) @ weights
    return result


def _clock(first: int, rows: int) -> Float64:
    turn = 2 * np.pi * ((first + np.arange(rows)) % _DAY) / _DAY
    terms = [np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn), np.ones(rows)]
    return np.column_stack(terms)


def _later(values: Float64, ahead: int) -> Float64:
    result = np.zeros_like(values)
    result[ahead:] = values[:-ahead]
    return result


def _states(layer: LstmLayer, rows: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Returns h and c (T, C, H) after each row, from a zero state."""
    hidden, cells = np.empty((2, *rows.shape, layer.units), np.float32)
    h, c = np.zeros((2, rows.shape[1], layer.units), np.float32)
    for row, values in enumerate(rows):
        h, c = _step(layer, values[:, None], h, c)
        hidden[row], cells[row] = h, c
    return hidden, cells


def _step(
    layer: LstmLayer, values: AnyArray, h: AnyArray, c: AnyArray
) -> tuple[AnyArray, AnyArray]:
    bias = layer.i2h_bias + layer.h2h_bias
    gates = values @ layer.i2h_weight.T + h @ layer.h2h_weight.T + bias
    i, f, g, o = np.split(gates, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _sigmoid(values: AnyArray) -> AnyArray:
    result: AnyArray = 0.5 + 0.5 * np.tanh(0.5 * values)
    return result
