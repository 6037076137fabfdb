"""The graph of the single-feature autoencoder.

    values -> scaled -> windows -> LSTM -> dense, tanh -> reconstruction, error, score, alarm

The LSTM's state goes in by `h` and `c` and comes out by `h_out` and `c_out`.
"""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto

from stillwatch.export import fold
from stillwatch.export.graph import Graph
from stillwatch.export.lstm import LstmLayer, lstm_shapes
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.checkpoint import Checkpoint

__all__ = ["expected_shapes", "nab_rds_graph"]


def expected_shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that the family has, no more and no fewer."""
    if len(checkpoint.channels) != 1:
        raise CheckpointError(f"nab-rds has one channel, the checkpoint {len(checkpoint.channels)}")
    units = checkpoint.config.units
    dense = {"dense.weight": (1, units), "dense.bias": (1,)}
    return lstm_shapes("lstm", 0, inputs=1, units=units) | dense


def nab_rds_graph(
    checkpoint: Checkpoint,
    weights: Mapping[str, AnyArray],
    threshold: float,
    *,
    plain_inputs: bool = False,
) -> Graph:
    """Returns the whole detector as a graph; `threshold` becomes its default."""
    units = checkpoint.config.units
    graph = Graph(plain_inputs=plain_inputs)
    _inputs(graph, checkpoint, threshold)

    centred = graph.node("Sub", ["values", "mean"], "centred")
    scaled = graph.node("Div", [centred, "scale"], "scaled")
    windows = fold.measure(graph, scaled, checkpoint.config.window)
    fold.cut(graph, windows, scaled, "windows")
    hidden = _lstm(graph, windows, LstmLayer.of(weights, "lstm", 0))
    dense_weight = graph.weight("dense_weight", weights["dense.weight"].T)
    dense_bias = graph.weight("dense_bias", weights["dense.bias"])
    product = graph.node("MatMul", [hidden, dense_weight], "product")
    dense = graph.node("Add", [product, dense_bias], "dense")
    decoded_windows = graph.node("Tanh", [dense], "decoded_windows")
    decoded = fold.join(graph, windows, decoded_windows, "decoded")

    restored = graph.node("Mul", [decoded, "scale"], "restored")
    graph.node("Add", [restored, "mean"], "reconstruction")
    error = graph.node("Abs", [graph.node("Sub", [scaled, decoded], "difference")], "error")
    squared = graph.node("Mul", [error, error], "squared_error")
    score = graph.node("ReduceSum", [squared, graph.integers(-1)], "score", keepdims=0)
    graph.node("Greater", [score, "threshold"], "alarm")

    graph.output("score", ["batch", "time"])
    graph.output("alarm", ["batch", "time"], TensorProto.BOOL)
    graph.output("reconstruction", ["batch", "time", 1])
    graph.output("error", ["batch", "time", 1])
    for state in ("h_out", "c_out"):
        graph.output(state, [1, "batch", units])
    return graph


def _inputs(graph: Graph, checkpoint: Checkpoint, threshold: float) -> None:
    units = checkpoint.config.units
    graph.input("values", ["batch", "time", 1])
    # Free batch and time dimensions: mean and scale may differ by series and by step.
    graph.input("mean", ["mean_batch", "mean_time", 1], np.reshape(checkpoint.mean, (1, 1, 1)))
    graph.input("scale", ["scale_batch", "scale_time", 1], np.reshape(checkpoint.scale, (1, 1, 1)))
    graph.input("threshold", [], np.array(threshold))
    for state in ("h", "c"):
        graph.input(state, [1, "state_batch", units], np.zeros((1, 1, units)))


def _lstm(graph: Graph, windows: fold.Windows, layer: LstmLayer) -> str:
    """Returns the hidden states (N, T, H) of "windows"; adds h_out and c_out."""
    w, r, b = layer.onnx_tensors()
    hidden, h, c = graph.nodes(
        "LSTM",
        [
            graph.node("Transpose", ["windows"], "steps", perm=[1, 0, 2]),  # NTC -> TNC
            graph.weight("lstm_W", w),
            graph.weight("lstm_R", r),
            graph.weight("lstm_B", b),
            fold.as_lengths(graph, fold.window_lengths(graph, windows), "lengths"),
            fold.first_state(graph, windows, "h", layer.units),
            fold.first_state(graph, windows, "c", layer.units),
        ],
        ["hidden", "last_h", "last_c"],
        hidden_size=layer.units,
    )
    fold.last_state(graph, windows, h, layer.units, "h_out")
    fold.last_state(graph, windows, c, layer.units, "c_out")
    forward = graph.node("Squeeze", [hidden, graph.integers(1)], "hidden_steps")
    return graph.node("Transpose", [forward], "hidden_windows", perm=[1, 0, 2])  # TNH -> NTH
