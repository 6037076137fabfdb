"""The graph of a recursive forecaster as a detector: rows and a state in, scores and a state out.

    values -> scaled -> LSTM layers -> dense -> what is expected `ahead` rows later
           -> error of what was expected of this row -> Mahalanobis distance -> score -> alarm

The state goes in by `h` and `c` and comes out by `h_out` and `c_out`, [1, batch, S]:
first each layer's, [G * U], and behind them what was expected of the next
`ahead` rows, in `c`, and whether anything was, in `h`.
"""

import numpy as np
from onnx import TensorProto

from stillwatch.export.forecasting.nodes import dense, lstm
from stillwatch.export.forecasting.weights import Layout, RecursiveWeights
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.distance_nodes import Sensors, answer, scaled_values
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["WINDOW", "detector_graph", "state_size"]

# Rows after which a stream begins afresh: the most that a capsule may say, as good as never.
WINDOW = 2**20
# Scaled units: what is expected further out is held there, so that a state stays below WINDOW,
# which restoring a snapshot asks of it.
_FURTHEST = 2.0**19


def state_size(config: ForecasterConfig, channels: int, ahead: int) -> int:
    """Returns S, how many figures `h` and `c` hold of a stream."""
    groups = Layout.of(config, channels).groups
    return config.layers * groups * config.units + ahead * channels


def detector_graph(
    config: ForecasterConfig,
    weights: RecursiveWeights,
    sensors: Sensors,
    ahead: int,
    *,
    plain_inputs: bool = False,
) -> Graph:
    """Returns the whole detector as a graph. ahead: rows from a forecast to its error."""
    channels = len(sensors.mean)
    graph = Graph(plain_inputs=plain_inputs)
    scaled_values(graph, sensors)
    size = state_size(config, channels, ahead)
    for name in ("h", "c"):
        graph.input(name, [1, "state_batch", size], np.zeros((1, 1, size)))
    builder = _Builder(graph, config, weights, channels)
    made = builder.forecast(ahead)
    before = builder.queued("c", made, ahead)
    known = builder.queued("h", builder.ones(), ahead)
    half = graph.weight("half", np.array(0.5))
    is_known = graph.node("Greater", [known, half], "is_known")
    builder.states_out()
    answer(graph, graph.node("Where", [is_known, before, "scaled"], "decoded"), sensors)
    # Of the same rank as the score: onnxruntime compares a column with a scalar 15 times slower.
    limit = graph.node("Unsqueeze", ["threshold", graph.integers(0, 1)], "limit")
    graph.node("Greater", ["score", limit], "alarm")
    graph.output("score", ["batch", "time"])
    graph.output("alarm", ["batch", "time"], TensorProto.BOOL)
    for name in ("reconstruction", "error", "contribution"):
        graph.output(name, ["batch", "time", channels])
    for name in ("h_out", "c_out"):
        graph.output(name, [1, "batch", size])
    return graph


class _Builder:
    """The parts of one graph, which share its names. N batch, T time, G groups of W channels."""

    def __init__(
        self, graph: Graph, config: ForecasterConfig, weights: RecursiveWeights, channels: int
    ) -> None:
        self._graph, self._config, self._weights = graph, config, weights
        self._channels = channels
        self._layout = Layout.of(config, channels)
        self._batch = graph.node("Shape", ["scaled"], "batch_size", start=0, end=1)
        self._time = graph.node("Shape", ["scaled"], "time", start=1, end=2)
        one = graph.integers(1)
        spread = graph.concat([one, self._batch, one], "state_shape")
        for name in ("h", "c"):
            graph.node("Expand", [name, spread], f"{name}_spread")
        self._after: dict[str, list[str]] = {"h": [], "c": []}  # (1, N, ...) each, in order

    def forecast(self, ahead: int) -> str:
        """Returns (N, T, C), scaled: what is expected `ahead` rows after each row."""
        graph, layout, units = self._graph, self._layout, self._config.units
        shape = graph.concat(
            [self._batch, self._time, graph.integers(layout.groups, layout.width)], "own_shape"
        )
        cut = graph.node("Reshape", ["scaled", shape], "own_cut")
        turned = graph.node("Transpose", [cut], "own_first", perm=[1, 0, 2, 3])  # NTGW -> TNGW
        shape = graph.concat([self._time, graph.integers(-1, layout.width)], "steps_shape")
        hidden = value = graph.node("Reshape", [turned, shape], "steps")  # (T, N * G, W)
        inputs, begins, hiddens = [], [], []
        for number, layer in enumerate(self._weights.lstm):
            begin = [self._state_in(name, number) for name in ("h", "c")]
            name = f"lstm{number}"
            every, *after = lstm(graph, layer, name, [hidden, "", *begin], name)
            for part, state in zip(("h", "c"), after, strict=True):
                flat = graph.integers(1, -1, layout.groups * units)
                self._after[part].append(graph.node("Reshape", [state, flat], f"{name}_{part}_end"))
            inputs.append(hidden)
            begins.append(begin)
            hidden = graph.node("Squeeze", [every, graph.integers(1)], f"{name}_hidden")
            hiddens.append(hidden)
        if ahead > 1:
            value, hidden = self._further(ahead, value, inputs, begins, hiddens)
        value = self._answer(value, hidden, "")
        furthest = graph.weight("furthest", np.array(_FURTHEST))
        value = graph.node("Min", [value, furthest], "not_above")
        nearest = graph.weight("furthest_below", np.array(-_FURTHEST))
        value = graph.node("Max", [value, nearest], "not_below")
        shape = graph.concat(
            [self._time, self._batch, graph.integers(self._channels)], "expected_shape"
        )
        rows = graph.node("Reshape", [value, shape], "expected_rows")
        return graph.node("Transpose", [rows], "expected", perm=[1, 0, 2])  # TNC -> NTC

    def ones(self) -> str:
        """Returns ones of the values' shape."""
        graph = self._graph
        shape = graph.node("Shape", ["scaled"], "scaled_shape")
        return graph.node("Expand", [graph.weight("one", np.ones((1, 1, 1))), shape], "ones")

    def queued(self, state: str, made: str, ahead: int) -> str:
        """Returns (N, T, C): of `made` (N, T, C), what was put there `ahead` rows before.

        What waits at the end of the state `state` comes first, and what is made
        of the last rows waits in the next one.
        """
        graph, channels = self._graph, self._channels
        end = graph.integers(np.iinfo(np.int64).max)
        begin = graph.integers(-ahead * channels)
        waiting = graph.node(
            "Slice", [f"{state}_spread", begin, end, graph.integers(2)], f"{state}_waiting"
        )
        shape = graph.integers(-1, ahead, channels)
        waiting = graph.node("Reshape", [waiting, shape], f"{state}_waiting_rows")
        queue = graph.concat([waiting, made], f"{state}_queue", axis=1)
        axis = graph.integers(1)
        left = graph.node("Slice", [queue, self._time, end, axis], f"{state}_left")
        flat = graph.integers(1, -1, ahead * channels)
        self._after[state].append(graph.node("Reshape", [left, flat], f"{state}_left_flat"))
        return graph.node(
            "Slice", [queue, graph.integers(0), self._time, axis], f"{state}_put_before"
        )

    def states_out(self) -> None:
        """Adds h_out and c_out."""
        for name, parts in self._after.items():
            self._graph.concat(parts, f"{name}_out", axis=2)

    def _state_in(self, name: str, number: int) -> str:
        """Returns a layer's state (1, N * G, U)."""
        graph, units = self._graph, self._config.units
        flat = self._layout.groups * units
        bounds = [graph.integers(number * flat), graph.integers((number + 1) * flat)]
        part = graph.node(
            "Slice", [f"{name}_spread", *bounds, graph.integers(2)], f"{name}{number}_flat"
        )
        return graph.node("Reshape", [part, graph.integers(1, -1, units)], f"{name}{number}")

    def _answer(self, value: str, hidden: str, prefix: str) -> str:
        """Returns the next values (..., W) of values and hidden states (..., U)."""
        graph = self._graph
        *inner, last = self._weights.dense
        for before_last in inner:
            hidden = dense(graph, hidden, before_last, "inner", prefix)
            if self._config.activation == "relu":
                hidden = graph.node("Relu", [hidden], f"{prefix}inner_relu")
        change = dense(graph, hidden, last, "dense", prefix)
        return graph.node("Add", [value, change], f"{prefix}answer")

    def _further(
        self,
        ahead: int,
        value: str,
        inputs: list[str],
        begins: list[list[str]],
        hiddens: list[str],
    ) -> tuple[str, str]:
        """Returns value and hidden state (T, N * G, ...) after `ahead` - 1 own answers of each row.

        From every row anew: all rows are a batch, (1, T * N * G, ...), and each
        further step is an LSTM node that reads one.
        """
        graph, units = self._graph, self._config.units
        cells = self._cells(inputs, begins, hiddens)
        flat = graph.integers(1, -1, units)
        states = [
            [graph.node("Reshape", [part, flat], f"{part}_batch") for part in pair]
            for pair in zip(hiddens, cells, strict=True)
        ]
        width = self._layout.width
        value = graph.node("Reshape", [value, graph.integers(1, -1, width)], "step0_value")
        hidden = states[-1][0]
        for step in range(1, ahead):
            value = hidden = self._answer(value, hidden, f"step{step}_")
            for number, layer in enumerate(self._weights.lstm):
                output = f"step{step}_lstm{number}"
                every, *states[number] = lstm(
                    graph, layer, f"lstm{number}", [hidden, "", *states[number]], output
                )
                hidden = graph.node("Squeeze", [every, graph.integers(1)], f"{output}_hidden")
        by_row = [
            graph.node("Reshape", [part, graph.concat(
                [self._time, graph.integers(-1, last)], f"{name}_by_row_shape"
            )], f"{name}_by_row")
            for part, name, last in ((value, "value", width), (hidden, "hidden", units))
        ]  # fmt: skip
        return by_row[0], by_row[1]

    def _cells(self, inputs: list[str], begins: list[list[str]], hiddens: list[str]) -> list[str]:
        """Returns each layer's cells (T, N * G, U) after every row, of which LSTM gives the last.

        The gates follow from what goes in and from the hidden states before,
        all rows at once; a Scan adds up c = f c + i g.
        """
        graph, units = self._graph, self._config.units
        kept, added = [], []
        for number, (steps, hidden) in enumerate(zip(inputs, hiddens, strict=True)):
            name = f"gates{number}"
            last = graph.node(
                "Slice", [hidden, graph.integers(0), graph.integers(-1), graph.integers(0)],
                f"{name}_all_but_last",
            )  # fmt: skip
            before = graph.concat([begins[number][0], last], f"{name}_before")
            products = [
                graph.node("MatMul", [rows, self._turned(number, part)], f"{name}_{part}_product")
                for rows, part in ((steps, "W"), (before, "R"))
            ]
            both = graph.node("Add", products, f"{name}_products")
            halves = graph.nodes(
                "Split", [f"lstm{number}_B"], [f"{name}_B_in", f"{name}_B_before"], axis=1
            )
            bias = graph.node("Add", halves, f"{name}_bias")
            names = [f"{name}_{gate}" for gate in "iofc"]
            i, _, f, c = graph.nodes(
                "Split", [graph.node("Add", [both, bias], name)], names, axis=2
            )
            i, f = (graph.node("Sigmoid", [gate], f"{gate}_open") for gate in (i, f))
            c = graph.node("Tanh", [c], f"{c}_new")
            kept.append(f)
            added.append(graph.node("Mul", [i, c], f"{name}_added"))
        joined = [
            graph.concat(parts, name, axis=2)
            for parts, name in ((kept, "kept_share"), (added, "added"))
        ]
        begin = graph.concat([pair[1] for pair in begins], "cells_begin", axis=2)
        begin = graph.node("Squeeze", [begin, graph.integers(0)], "cells_before")
        body = graph.branch()
        wide: list[str | int] = ["sequences", len(kept) * units]
        for port in ("cell", "keep", "add"):
            body.input(port, wide)
        following = body.node(
            "Add", [body.node("Mul", ["cell", "keep"], "left"), "add"], "cell_next"
        )
        body.node("Identity", [following], "cell_of_row")
        body.output(following, wide)
        body.output("cell_of_row", wide)
        _, every = graph.scan([begin], joined, body, ["cells_last", "cells"])
        return [
            graph.node(
                "Slice", [every, *(graph.integers(n) for n in (k * units, (k + 1) * units, 2))],
                f"cells{k}",
            )
            for k in range(len(kept))
        ]  # fmt: skip

    def _turned(self, number: int, part: str) -> str:
        """Returns a weight (K, 4U) of the LSTM node's own (1, 4U, K)."""
        graph = self._graph
        name = f"lstm{number}_{part}"
        flat = graph.node("Squeeze", [name, graph.integers(0)], f"{name}_flat")
        return graph.node("Transpose", [flat], f"{name}_turned", perm=[1, 0])
