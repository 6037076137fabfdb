"""Plain NumPy forecasters in double precision: what a capsule's golden vectors come from.

They share nothing with onnxruntime or MXNet but the weights.
"""

import numpy as np

from stillwatch.export.families.reference import lstm_from
from stillwatch.export.forecasting.weights import DirectWeights, Layout, RecursiveWeights
from stillwatch.runtime.arrays import Float64
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["direct_forecast", "recursive_forecast"]


def direct_forecast(
    config: ForecasterConfig,
    weights: DirectWeights,
    layout: Layout,
    rows: Float64,
    calendar: Float64,
) -> Float64:
    """Returns the forecast (H, C) of scaled rows (L, C + K), covariates last, without calendar.

    calendar: (L + H, K').
    """
    w, horizon = config.segment, config.horizon
    window, known = rows[:, : layout.channels], rows[:, layout.channels :]
    known = np.concatenate([known, calendar[: len(rows)]], axis=1)
    last = window[-1]
    centred = window - last
    decoded = np.empty((horizon, layout.channels))
    for group in range(layout.groups):
        own = slice(group * layout.width, (group + 1) * layout.width)
        # A segment's rows of channels, then its rows of covariates, in one vector.
        segments = [
            np.concatenate(
                [centred[start : start + w, own].ravel(), known[start : start + w].ravel()]
            )
            for start in range(0, config.lookback, w)
        ]
        projected = np.maximum(weights.project.answer(np.stack(segments)), 0.0)
        zero = np.zeros((1, config.units))
        _, (h, c) = lstm_from(projected[None], weights.lstm, (zero, zero))
        parts = []
        for place, question in enumerate(weights.questions[group].astype(np.float64)):
            if weights.calendar is not None:
                begins = calendar[len(rows) + place * w]
                question = question + weights.calendar.answer(begins)
            answer, _ = lstm_from(question[None, None], weights.lstm, (h, c))
            parts.append(weights.dense.answer(answer[0, 0]).reshape(w, layout.width))
        decoded[:, own] = np.concatenate(parts)[:horizon]
    total = weights.share * decoded
    if weights.linear:
        hidden = centred[-config.linear :].T
        for layer in weights.linear:
            hidden = layer.answer(hidden)
        total = total + (1.0 - weights.share) * hidden.T
    forecast: Float64 = total + last
    return forecast


def recursive_forecast(
    config: ForecasterConfig,
    weights: RecursiveWeights,
    layout: Layout,
    rows: Float64,
    calendar: Float64,
) -> Float64:
    """Returns the forecast (H, C) after scaled rows (T, C + K) from a zero state.

    calendar: (T + H, K'); H is what is left of it, or the configuration's without one.
    """
    time = len(rows)
    horizon = len(calendar) - time if layout.calendar else config.horizon
    forecast = np.empty((horizon, layout.channels))
    for group in range(layout.groups):
        own = slice(group * layout.width, (group + 1) * layout.width)
        held = rows[:, layout.channels :]
        states = [(np.zeros((1, config.units)),) * 2 for _ in weights.lstm]
        steps = np.concatenate([rows[:, own], held, calendar[:time]], axis=1)
        for row in range(time + horizon - 1):
            step = steps[row]
            value = _next(config, weights, layout, step, states)
            if row >= time - 1:
                forecast[row - time + 1, own] = value
                following = np.concatenate([value, held[-1], calendar[row + 1]])
                steps = np.concatenate([steps[: row + 1], following[None]])
    return forecast


def _next(
    config: ForecasterConfig,
    weights: RecursiveWeights,
    layout: Layout,
    step: Float64,
    states: list[tuple[Float64, Float64]],
) -> Float64:
    """Returns what follows one step (W + K,), and puts the next states in place."""
    hidden = step[None, None]
    for number, layer in enumerate(weights.lstm):
        hidden, states[number] = lstm_from(hidden, layer, states[number])
    answer = hidden[0, 0]
    *inner, last = weights.dense
    for dense in inner:
        answer = dense.answer(answer)
        answer = np.maximum(answer, 0.0) if config.activation == "relu" else answer
    value: Float64 = step[: layout.width] + last.answer(answer)
    return value
