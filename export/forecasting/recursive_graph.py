"""The graph of the recursive forecaster: rows and a state in, any horizon and the next state out.

    values -> scaled -> LSTM layers -> dense -> next value -> back into the LSTM, in a Loop

The state goes in by `h` and `c` and comes out by `h_out` and `c_out`, after
the values and not after the forecast, [layers, batch, G * U], so that a
stream feeds one row a call. `next` is what the network expects after each row.
"""

import numpy as np
from onnx import TensorProto

from stillwatch.export.forecasting.nodes import Scaler, dense, lstm, opened
from stillwatch.export.forecasting.weights import Layout, RecursiveWeights
from stillwatch.export.graph.builder import Graph
from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["recursive_graph"]


def recursive_graph(
    config: ForecasterConfig,
    weights: RecursiveWeights,
    layout: Layout,
    scaler: Scaler,
    widths: tuple[AnyArray, AnyArray] | None,
) -> Graph:
    """Returns the whole forecaster as a graph; widths: as of `direct_graph`."""
    graph = Graph()
    opened(graph, layout, "horizon")
    graph.input("horizon", [], np.array(config.horizon), TensorProto.INT64)
    flat = config.units * layout.groups
    for name in ("h", "c"):
        graph.input(name, [config.layers, "state_batch", flat], np.zeros((config.layers, 1, flat)))
    builder = _Builder(graph, config, weights, layout)
    steps = builder.rows(scaler)
    states = [builder.state_in(name) for name in ("h", "c")]
    answer, h, c = builder.step(graph, steps, states[0], states[1], "")
    for name, state in (("h_out", h), ("c_out", c)):
        graph.node("Reshape", [state, graph.integers(config.layers, -1, flat)], name)
    builder.restored(answer, "next", scaler)
    ahead = builder.fed_back(answer, steps, h, c)
    builder.restored(ahead, "forecast", scaler)
    _intervals(graph, widths)
    for name, length in (("forecast", "horizon"), ("next", "time")):
        graph.output(name, ["batch", length, layout.channels])
    if widths is not None:
        for name in ("forecast_low", "forecast_high"):
            graph.output(name, ["batch", "horizon", layout.channels])
    for name in ("h_out", "c_out"):
        graph.output(name, [config.layers, "batch", flat])
    return graph


class _Builder:
    """The parts of one graph, which share its names."""

    def __init__(
        self, graph: Graph, config: ForecasterConfig, weights: RecursiveWeights, layout: Layout
    ) -> None:
        self._graph, self._config, self._weights, self._layout = graph, config, weights, layout
        self._time = graph.node("Shape", ["values"], "time", start=1, end=2)
        self._batch = graph.node("Shape", ["values"], "batch_size", start=0, end=1)

    def rows(self, scaler: Scaler) -> str:
        """Returns (T, N * G, W + K): each group's own channels, then what all of them read."""
        graph, layout = self._graph, self._layout
        centred = graph.node("Sub", ["values", graph.weight("mean", scaler.mean)], "centred")
        scaled = graph.node("Div", [centred, graph.weight("scale", scaler.scale)], "scaled")
        own = graph.node("Slice", [scaled, *self._bounds(0, layout.channels, 2)], "own")
        shape = graph.concat(
            [self._batch, self._time, graph.integers(layout.groups, layout.width)], "own_shape"
        )
        cut = graph.node("Reshape", [own, shape], "own_cut")
        rows = graph.node("Transpose", [cut], "own_first", perm=[1, 0, 2, 3])  # NTGW -> TNGW
        parts = [rows]
        columns = len(scaler.mean)
        if columns > layout.channels:
            known = graph.node(
                "Slice", [scaled, *self._bounds(layout.channels, columns, 2)], "known"
            )
            parts.append(self._spread(known, "known"))
        if layout.calendar:
            bounds = [graph.integers(0), self._time, graph.integers(1)]
            parts.append(self._spread(graph.node("Slice", ["calendar", *bounds], "past"), "past"))
            rest = [self._time, graph.integers(np.iinfo(np.int64).max), graph.integers(1)]
            ahead = self._spread(graph.node("Slice", ["calendar", *rest], "ahead"), "ahead")
            graph.node("Reshape", [ahead, graph.integers(0, -1, layout.calendar)], "ahead_rows")
        joined = graph.concat(parts, "rows", axis=3) if len(parts) > 1 else rows
        wide = layout.width + layout.covariates
        shape = graph.concat([self._time, graph.integers(-1, wide)], "steps_shape")
        return graph.node("Reshape", [joined, shape], "steps")

    def state_in(self, name: str) -> str:
        """Returns the state (layers, N * G, U) that the input called `name` gives."""
        graph = self._graph
        one = graph.integers(1)
        shape = graph.concat([one, self._batch, one], f"{name}_batch")
        spread = graph.node("Expand", [name, shape], f"{name}_spread")
        shape = graph.integers(self._config.layers, -1, self._config.units)
        return graph.node("Reshape", [spread, shape], f"{name}_layers")

    def step(self, graph: Graph, steps: str, h: str, c: str, prefix: str) -> tuple[str, str, str]:
        """Returns the next values (T, N * G, W) after each step, and the state after all."""
        hidden, states = steps, []
        for number, layer in enumerate(self._weights.lstm):
            begin = [
                graph.node(
                    "Slice",
                    [state, *self._bounds(number, number + 1, 0)],
                    f"{prefix}{name}{number}",
                )
                for name, state in (("h", h), ("c", c))
            ]
            name = f"lstm{number}"
            everything, *state = lstm(graph, layer, name, [hidden, "", *begin], f"{prefix}{name}")
            hidden = graph.node(
                "Squeeze", [everything, graph.integers(1)], f"{prefix}{name}_hidden"
            )
            states.append(state)
        *inner, last = self._weights.dense
        for before_last in inner:
            hidden = dense(graph, hidden, before_last, "inner", prefix)
            if self._config.activation == "relu":
                hidden = graph.node("Relu", [hidden], f"{prefix}inner_relu")
        change = dense(graph, hidden, last, "dense", prefix)
        before = graph.node(
            "Slice", [steps, *self._bounds(0, self._layout.width, 2)], f"{prefix}own_before"
        )
        answer = graph.node("Add", [before, change], f"{prefix}answer")
        if len(states) == 1:
            return answer, states[0][0], states[0][1]
        h, c = (
            graph.concat([state[part] for state in states], f"{prefix}{name}_next")
            for part, name in enumerate("hc")
        )
        return answer, h, c

    def fed_back(self, answer: str, steps: str, h: str, c: str) -> str:
        """Returns the forecast (horizon, N * G, W), scaled: the last answer and those after it."""
        graph, layout = self._graph, self._layout
        last = [graph.integers(-1), graph.integers(np.iinfo(np.int64).max), graph.integers(0)]
        first = graph.node("Slice", [answer, *last], "first")
        held = layout.covariates - layout.calendar
        if held:
            row = graph.node("Slice", [steps, *last], "last_step")
            bounds = self._bounds(layout.width, layout.width + held, 2)
            graph.node("Slice", [row, *bounds], "held")
        body = graph.branch()
        carried: list[str | int] = [self._config.layers, "sequences", self._config.units]
        body.input("round", [], kind=TensorProto.INT64)
        body.input("going", [], kind=TensorProto.BOOL)
        body.input("loop_h", carried)
        body.input("loop_c", carried)
        body.input("loop_value", [1, "sequences", layout.width])
        parts = ["loop_value", *(["held"] if held else [])]
        if layout.calendar:
            when = body.node("Gather", ["ahead_rows", "round"], "when", axis=0)
            parts.append(body.node("Unsqueeze", [when, body.integers(0)], "when_step"))
        step = body.concat(parts, "loop_step", axis=2) if len(parts) > 1 else "loop_value"
        following = self.step(body, step, "loop_h", "loop_c", "loop_")
        body.node("Identity", ["going"], "go_on")
        body.node("Squeeze", ["loop_value", body.integers(0)], "loop_given")
        body.output("go_on", [], TensorProto.BOOL)
        body.output(following[1], carried)
        body.output(following[2], carried)
        body.output(following[0], [1, "sequences", layout.width])
        body.output("loop_given", ["sequences", layout.width])
        names = ["h_end", "c_end", "value_end", "answers"]
        return graph.loop("horizon", [h, c, first], body, names)[3]

    def restored(self, scaled: str, output: str, scaler: Scaler) -> None:
        """Adds `output` (N, T, C) in the sensor's units, of scaled values (T, N * G, W)."""
        graph, layout = self._graph, self._layout
        shape = graph.concat(
            [graph.integers(-1), self._batch, graph.integers(layout.channels)], f"{output}_shape"
        )
        rows = graph.node("Reshape", [scaled, shape], f"{output}_rows")
        turned = graph.node("Transpose", [rows], f"{output}_turned", perm=[1, 0, 2])  # TNC -> NTC
        scale = graph.weight("channel_scale", scaler.scale[: layout.channels])
        mean = graph.weight("channel_mean", scaler.mean[: layout.channels])
        graph.node("Add", [graph.node("Mul", [turned, scale], f"{output}_units"), mean], output)

    def _spread(self, rows: str, name: str) -> str:
        """Returns (T, N, G, K) of rows (N, T, K) that every group reads."""
        graph = self._graph
        first = graph.node("Transpose", [rows], f"{name}_first", perm=[1, 0, 2])
        row = graph.node("Unsqueeze", [first, graph.integers(2)], f"{name}_row")
        one = graph.integers(1)
        shape = graph.concat(
            [one, self._batch, graph.integers(self._layout.groups), one], f"{name}_shape"
        )
        return graph.node("Expand", [row, shape], f"{name}_spread")

    def _bounds(self, begin: int, end: int, axis: int) -> list[str]:
        return [self._graph.integers(value) for value in (begin, end, axis)]


def _intervals(graph: Graph, widths: tuple[AnyArray, AnyArray] | None) -> None:
    """Adds forecast_low and forecast_high; beyond the rows that were measured they are NaN."""
    if widths is None:
        return
    horizon, channels = widths[0].shape
    length = graph.node("Shape", ["forecast"], "forecast_length", start=1, end=2)
    zero = graph.integers(0)
    further = graph.node("Sub", [length, graph.integers(horizon)], "further")
    further = graph.node("Max", [further, zero], "further_rows")
    pads = graph.concat([zero, zero, further, zero], "width_pads")
    unknown = graph.weight("unknown", np.array(np.nan))
    for name, operator, output, width in (
        ("below", "Sub", "forecast_low", widths[0]),
        ("above", "Add", "forecast_high", widths[1]),
    ):
        graph.input(name, [horizon, channels], width)
        longer = graph.node("Pad", [name, pads, unknown], f"{name}_longer")
        taken = graph.node("Slice", [longer, zero, length, zero], f"{name}_taken")
        graph.node(operator, ["forecast", taken], output)
