"""What a recursive network expected of each row some rows before it came, in plain NumPy."""

import numpy as np

from stillwatch.export.families.reference import State, lstm_from
from stillwatch.export.forecasting.weights import RecursiveWeights
from stillwatch.runtime.arrays import Float64
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["expected_rows"]


def expected_rows(
    config: ForecasterConfig, weights: RecursiveWeights, scaled: Float64, ahead: int
) -> Float64:
    """Returns what was expected of scaled rows (T, C) as of `ahead` rows before, (T, C).

    The state is carried from the first row on. What lies further ahead than a
    row comes of the network's own answers, from every row anew. Of the first
    `ahead` rows nothing was expected: there the answer is the row itself.
    """
    rows, channels = scaled.shape
    groups = channels if config.channels == "independent" else 1
    # Groups are a batch: (G, W) of each row.
    steps = scaled.reshape(rows, groups, channels // groups)
    zero = np.zeros((groups, config.units))
    states: list[State] = [(zero, zero)] * len(weights.lstm)
    result = scaled.copy()
    for row in range(rows - ahead):
        value, states = _next(config, weights, steps[row], states)
        further = states
        for _ in range(1, ahead):
            value, further = _next(config, weights, value, further)
        result[row + ahead] = value.reshape(channels)
    return result


def _next(
    config: ForecasterConfig, weights: RecursiveWeights, value: Float64, states: list[State]
) -> tuple[Float64, list[State]]:
    """Returns what follows values (G, W), and the states after them."""
    hidden, after = value[:, None], []
    for layer, state in zip(weights.lstm, states, strict=True):
        hidden, state = lstm_from(hidden, layer, state)
        after.append(state)
    change = hidden[:, 0]
    *inner, last = weights.dense
    for dense in inner:
        change = dense.answer(change)
        change = np.maximum(change, 0.0) if config.activation == "relu" else change
    return value + last.answer(change), after
