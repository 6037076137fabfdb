"""The graph of the direct forecaster: a window in, its whole horizon out, in the sensor's units.

    values -> last value off -> segments -> projected -> LSTM -> its last state
           -> one step for each segment of the horizon -> dense     ┐
           -> linear map of the recent rows                         ┴ sum -> last value on

The LSTM's share is folded into the dense layer and the linear map. With the
last value off, the training mean cancels: only covariates need it.
"""

from collections.abc import Sequence

import numpy as np

from stillwatch.export.forecasting.nodes import Scaler, dense, intervals, lstm, opened
from stillwatch.export.forecasting.weights import Dense, DirectWeights, Layout
from stillwatch.export.graph.builder import Graph
from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["direct_graph"]


def direct_graph(
    config: ForecasterConfig,
    weights: DirectWeights,
    layout: Layout,
    scaler: Scaler,
    widths: tuple[AnyArray, AnyArray] | None,
) -> Graph:
    """Returns the whole forecaster as a graph.

    widths: (H, C) below and above the forecast, the sensor's units, where
    they are known.
    """
    graph = Graph()
    opened(graph, layout, config.horizon)
    rows = graph.node("Slice", _last(graph, "values", config.lookback), "window_rows")
    window = graph.node("Slice", _columns(graph, rows, 0, layout.channels), "window")
    last = graph.node("Slice", _last(graph, window, 1), "last")
    scale = graph.weight("scale", scaler.scale[: layout.channels])
    centred = graph.node("Div", [graph.node("Sub", [window, last], "difference"), scale], "centred")
    h, c = _encoded(
        graph, config, weights, layout, centred, _covariates(graph, config, layout, scaler)
    )
    total = _decoded(graph, config, weights, layout, h, c)
    if weights.linear:
        total = graph.node("Add", [total, _linear(graph, config, weights, centred)], "total")
    ahead = graph.node("Mul", [total, scale], "ahead")
    graph.node("Add", [ahead, last], "forecast")
    graph.output("forecast", ["batch", config.horizon, layout.channels])
    intervals(graph, widths)
    return graph


def _covariates(
    graph: Graph, config: ForecasterConfig, layout: Layout, scaler: Scaler
) -> str | None:
    """Returns (N, L, K), what is read beside the channels, scaled; None where there is nothing."""
    parts = []
    columns = len(scaler.mean)
    if columns > layout.channels:
        known = graph.node(
            "Slice", _columns(graph, "window_rows", layout.channels, columns), "known"
        )
        mean = graph.weight("known_mean", scaler.mean[layout.channels :])
        scale = graph.weight("known_scale", scaler.scale[layout.channels :])
        centred = graph.node("Sub", [known, mean], "known_centred")
        parts.append(graph.node("Div", [centred, scale], "known_scaled"))
    if layout.calendar:
        span = config.lookback + config.horizon
        one = graph.integers(1)
        bounds = [graph.integers(-span), graph.integers(-config.horizon), one]
        parts.append(graph.node("Slice", ["calendar", *bounds], "calendar_window"))
    if len(parts) < 2:
        return parts[0] if parts else None
    return graph.concat(parts, "covariates", axis=2)


def _encoded(
    graph: Graph,
    config: ForecasterConfig,
    weights: DirectWeights,
    layout: Layout,
    centred: str,
    covariates: str | None,
) -> tuple[str, str]:
    """Returns the LSTM's last h and c, (1, N * G, U), after the segments of the window."""
    w, steps = config.segment, config.lookback // config.segment
    shape = graph.integers(-1, steps, w, layout.groups, layout.width)
    cut = graph.node("Reshape", [centred, shape], "segments_cut")
    first = graph.node("Transpose", [cut], "segments_first", perm=[1, 0, 3, 2, 4])  # NSWGC -> SNGWC
    segments = graph.node(
        "Reshape", [first, graph.integers(steps, -1, w * layout.width)], "segments"
    )
    if covariates is not None:
        wide = w * layout.covariates
        cut = graph.node("Reshape", [covariates, graph.integers(-1, steps, 1, wide)], "known_cut")
        spread = graph.node("Expand", [cut, graph.integers(1, 1, layout.groups, 1)], "known_spread")
        first = graph.node("Transpose", [spread], "known_first", perm=[1, 0, 2, 3])
        known = graph.node("Reshape", [first, graph.integers(steps, -1, wide)], "known_segments")
        segments = graph.concat([segments, known], "segments_known", axis=2)
    projected = graph.node(
        "Relu", [dense(graph, segments, weights.project, "project")], "projected"
    )
    _, h, c = lstm(graph, weights.lstm, "lstm", [projected], "encoder")
    return h, c


def _decoded(
    graph: Graph, config: ForecasterConfig, weights: DirectWeights, layout: Layout, h: str, c: str
) -> str:
    """Returns the LSTM's part of the forecast (N, H, C), scaled, without the last value."""
    units, count = config.units, weights.questions.shape[1]
    begin = []
    for name, state in (("h", h), ("c", c)):
        rows = graph.node("Reshape", [state, graph.integers(-1, 1, units)], f"{name}_rows")
        spread = graph.node("Expand", [rows, graph.integers(1, count, 1)], f"{name}_spread")
        begin.append(graph.node("Reshape", [spread, graph.integers(1, -1, units)], f"{name}_begin"))
    table = graph.weight("questions", weights.questions[None])
    batch = graph.node("Shape", ["values"], "batch_size", start=0, end=1)
    shape = graph.concat([batch, graph.integers(1, 1, 1)], "questions_shape")
    asked = graph.node("Expand", [table, shape], "questions_all")
    if weights.calendar is not None:
        ahead = graph.node("Slice", _last(graph, "calendar", config.horizon), "calendar_ahead")
        bounds = [graph.integers(value) for value in (0, config.horizon, 1, config.segment)]
        begins = graph.node("Slice", [ahead, *bounds], "calendar_begins")
        when = dense(graph, begins, weights.calendar, "calendar_dense")
        when = graph.node("Reshape", [when, graph.integers(-1, 1, count, units)], "calendar_asked")
        asked = graph.node("Add", [asked, when], "questions_when")
    asked = graph.node("Reshape", [asked, graph.integers(1, -1, units)], "questions_rows")
    _, answer, _ = lstm(graph, weights.lstm, "lstm", [asked, "", *begin], "decoder")
    flat = graph.node("Reshape", [answer, graph.integers(-1, units)], "answers")
    share = Dense(weights.dense.weight * weights.share, weights.dense.bias * weights.share)
    decoded = dense(graph, flat, share, "dense")
    length = count * config.segment
    shape = graph.integers(-1, layout.groups, length, layout.width)
    cut = graph.node("Reshape", [decoded, shape], "decoded_cut")
    turned = graph.node("Transpose", [cut], "decoded_turned", perm=[0, 2, 1, 3])  # NGHC -> NHGC
    whole = graph.node("Reshape", [turned, graph.integers(-1, length, layout.channels)], "decoded")
    if length == config.horizon:
        return whole
    bounds = [graph.integers(value) for value in (0, config.horizon, 1)]
    return graph.node("Slice", [whole, *bounds], "decoded_horizon")


def _linear(graph: Graph, config: ForecasterConfig, weights: DirectWeights, centred: str) -> str:
    """Returns the linear part of the forecast (N, H, C), scaled, without the last value."""
    recent = graph.node("Slice", _last(graph, centred, config.linear), "recent")
    hidden = graph.node("Transpose", [recent], "recent_channels", perm=[0, 2, 1])  # NTC -> NCT
    *inner, outer = weights.linear
    for number, layer in enumerate(inner):
        hidden = graph.node(
            "MatMul",
            [hidden, graph.weight(f"linear{number}_weight", layer.weight.T)],
            f"linear{number}",
        )
    part = 1.0 - weights.share
    hidden = dense(graph, hidden, Dense(outer.weight * part, outer.bias * part), "linear")
    return graph.node("Transpose", [hidden], "linear_ahead", perm=[0, 2, 1])


def _last(graph: Graph, name: str, rows: int) -> Sequence[str]:
    """Returns the inputs of a Slice that takes the last rows of (N, T, C)."""
    end = np.iinfo(np.int64).max
    return [name, graph.integers(-rows), graph.integers(end), graph.integers(1)]


def _columns(graph: Graph, name: str, begin: int, end: int) -> Sequence[str]:
    return [name, *(graph.integers(value) for value in (begin, end, 2))]
