"""The graph of the single-feature autoencoder.

    values -> scaled -> windows -> LSTM -> dense, tanh -> reconstruction, error, score, alarm

The LSTM's state goes in by `h` and `c` and comes out by `h_out` and `c_out`.
With one unit a single step, which is what a stream feeds, has a branch of its
own that cuts no windows.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from stillwatch.export.families.family import Family
from stillwatch.export.families.reference import lstm
from stillwatch.export.graph import windowing
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.lstm import LstmLayer, Weights, lstm_shapes
from stillwatch.export.graph.step import lstm_step
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.nab_rds.config import NabRdsConfig

if TYPE_CHECKING:
    from stillwatch.train.data.sets.series import LabelledSeries

__all__ = ["FAMILY", "expected_shapes", "nab_rds_graph", "network_of", "reconstruct"]


def expected_shapes(config: NabRdsConfig, channels: int) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that the family has, no more and no fewer."""
    if channels != 1:
        raise CheckpointError(f"nab-rds has one channel, the checkpoint {channels}")
    dense = {"dense.weight": (1, config.units), "dense.bias": (1,)}
    return lstm_shapes("lstm", 0, inputs=1, units=config.units) | dense


def network_of(config: NabRdsConfig, weights: Mapping[str, AnyArray]) -> Weights:  # noqa: ARG001
    """Returns the network in a checkpoint's weights: an encoder of one layer, no decoder."""
    layer = LstmLayer.of(weights, "lstm", 0)
    return Weights((layer,), (), weights["dense.weight"], weights["dense.bias"])


def reconstruct(config: NabRdsConfig, weights: Weights, scaled: Float64) -> Float64:
    """Returns the reconstruction (T, 1) of scaled values (T, 1), cut into windows."""
    (layer,) = weights.encoder
    parts = []
    for start in range(0, len(scaled), config.window):
        hidden = lstm(scaled[None, start : start + config.window], layer)[0]
        dense = hidden @ weights.dense_weight.T.astype(np.float64) + weights.dense_bias
        parts.append(np.tanh(dense))
    reconstruction: Float64 = np.concatenate(parts)
    return reconstruction


def nab_rds_graph(
    checkpoint: Checkpoint,
    weights: Mapping[str, AnyArray],
    threshold: float,
    *,
    plain_inputs: bool = False,
) -> Graph:
    """Returns the whole detector as a graph; `threshold` becomes its default."""
    layer = LstmLayer.of(weights, "lstm", 0)
    graph = Graph(plain_inputs=plain_inputs)
    _inputs(graph, checkpoint, threshold)
    dense_weight = graph.weight("dense_weight", weights["dense.weight"].T)
    dense_bias = graph.weight("dense_bias", weights["dense.bias"])
    centred = graph.node("Sub", ["values", "mean"], "centred")
    scaled = graph.node("Div", [centred, "scale"], "scaled")

    series = graph.branch() if layer.units == 1 else graph
    prefix = "series_" if layer.units == 1 else ""
    windows = windowing.measure(series, scaled, checkpoint.config.window)
    windowing.cut(series, windows, scaled, "windows")
    hidden = _lstm(series, windows, layer, prefix)
    # One unit's product is a Mul in both branches: a MatMul may be fused with the Add after it,
    # which rounds once less.
    times = "Mul" if layer.units == 1 else "MatMul"
    product = series.node(times, [hidden, dense_weight], "product")
    dense = series.node("Add", [product, dense_bias], "dense")
    decoded_windows = series.node("Tanh", [dense], "decoded_windows")
    decoded = windowing.join(series, windows, decoded_windows, "decoded")
    _judge(series, scaled, decoded, layer.units, prefix)
    if layer.units == 1:
        step = graph.branch()
        product = step.node("Mul", [lstm_step(step, scaled), dense_weight], "step_product")
        dense = step.node(
            "Tanh", [step.node("Add", [product, dense_bias], "step_dense")], "step_tanh"
        )
        decoded = step.node("Reshape", [dense, step.integers(-1, 1, 1)], "step_decoded")
        _judge(step, scaled, decoded, layer.units, "step_")
        time = graph.node("Shape", ["values"], "values_time", start=1, end=2)
        single = graph.node("Equal", [time, graph.integers(1)], "is_step")
        graph.choose(single, step, series, "step_")
        _outputs(graph, layer.units, "")
    return graph


def _judge(graph: Graph, scaled: str, decoded: str, units: int, prefix: str) -> None:
    """Adds what a branch answers, from the reconstruction (N, T, 1) in scaled units."""
    restored = graph.node("Mul", [decoded, "scale"], f"{prefix}restored")
    graph.node("Add", [restored, "mean"], f"{prefix}reconstruction")
    difference = graph.node("Sub", [scaled, decoded], f"{prefix}difference")
    error = graph.node("Abs", [difference], f"{prefix}error")
    contribution = graph.node("Mul", [error, error], f"{prefix}contribution")
    score = graph.node("Squeeze", [contribution, graph.integers(2)], f"{prefix}score")
    # Of the same rank as the score: onnxruntime compares a column with a scalar 15 times slower.
    limit = graph.node("Unsqueeze", ["threshold", graph.integers(0, 1)], f"{prefix}limit")
    graph.node("Greater", [score, limit], f"{prefix}alarm")
    _outputs(graph, units, prefix)


def _outputs(graph: Graph, units: int, prefix: str) -> None:
    graph.output(f"{prefix}score", ["batch", "time"])
    graph.output(f"{prefix}alarm", ["batch", "time"], TensorProto.BOOL)
    for name in ("reconstruction", "error", "contribution"):
        graph.output(f"{prefix}{name}", ["batch", "time", 1])
    for state in ("h_out", "c_out"):
        graph.output(f"{prefix}{state}", [1, "batch", units])


def _inputs(graph: Graph, checkpoint: Checkpoint, threshold: float) -> None:
    units = checkpoint.config.units
    graph.input("values", ["batch", "time", 1])
    # Free batch and time dimensions: mean and scale may differ by series and by step.
    graph.input("mean", ["mean_batch", "mean_time", 1], np.reshape(checkpoint.mean, (1, 1, 1)))
    graph.input("scale", ["scale_batch", "scale_time", 1], np.reshape(checkpoint.scale, (1, 1, 1)))
    graph.input("threshold", [], np.array(threshold))
    for state in ("h", "c"):
        graph.input(state, [1, "state_batch", units], np.zeros((1, 1, units)))


def _lstm(graph: Graph, windows: windowing.Windows, layer: LstmLayer, prefix: str) -> str:
    """Returns the hidden states (N, T, H) of "windows"; adds h_out and c_out, with the prefix."""
    w, r, b = layer.onnx_tensors()
    hidden, h, c = graph.nodes(
        "LSTM",
        [
            graph.node("Transpose", ["windows"], "steps", perm=[1, 0, 2]),  # NTC -> TNC
            graph.weight("lstm_W", w),
            graph.weight("lstm_R", r),
            graph.weight("lstm_B", b),
            windowing.as_lengths(graph, windowing.window_lengths(graph, windows), "lengths"),
            windowing.first_state(graph, windows, "h", layer.units),
            windowing.first_state(graph, windows, "c", layer.units),
        ],
        ["hidden", "last_h", "last_c"],
        hidden_size=layer.units,
    )
    windowing.last_state(graph, windows, h, layer.units, f"{prefix}h_out")
    windowing.last_state(graph, windows, c, layer.units, f"{prefix}c_out")
    forward = graph.node("Squeeze", [hidden, graph.integers(1)], "hidden_steps")
    return graph.node("Transpose", [forward], "hidden_windows", perm=[1, 0, 2])  # TNH -> NTH


def _test_series() -> "LabelledSeries":
    from stillwatch.train.data.sets import RDS_TEST, load_nab  # an export has no data store

    return load_nab(RDS_TEST)


FAMILY = Family(
    name=NabRdsConfig.family,
    shapes=expected_shapes,
    network=network_of,
    graph=nab_rds_graph,
    reconstruct=reconstruct,
    causal=True,
    test_series=_test_series,
)
