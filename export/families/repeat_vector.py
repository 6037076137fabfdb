"""The graph of the repeat-vector autoencoders: teacher, student and micro-students.

    values -> scaled -> windows -> encoder -> last hidden state, repeated -> decoder -> dense
           -> error -> Mahalanobis distance -> score -> alarm

With independent channels each is a sequence of its own, folded into the
batch, and nothing in the network knows how many there are: the same weights
serve any number.
"""

from collections.abc import Mapping

import numpy as np

from stillwatch.export.families.family import Family
from stillwatch.export.families.reference import lstm
from stillwatch.export.graph import windowing
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.distance_nodes import Sensors, begin, finish
from stillwatch.export.graph.lstm import LstmLayer, Weights, lstm_shapes
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

__all__ = [
    "DECODERS",
    "FAMILY",
    "expected_shapes",
    "frozen",
    "network_of",
    "reconstruct",
    "repeat_vector_graph",
]

# "plain": as it is defined. "projected": its repeated input is projected once, which saves up to a
# third of the time of a call with few sequences, and takes memory by their number squared.
DECODERS = ("plain", "projected")


def expected_shapes(config: RepeatVectorConfig, channels: int) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that the family has, no more and no fewer."""
    width = 1 if config.channels == "independent" else channels
    shapes: dict[str, tuple[int, ...]] = {
        "dense.weight": (width, config.units),
        "dense.bias": (width,),
    }
    for block, first in (("encoder", width), ("decoder", config.units)):
        for layer in range(config.layers):
            inputs = config.units if layer else first
            shapes |= lstm_shapes(block, layer, inputs=inputs, units=config.units)
    return shapes


def network_of(config: RepeatVectorConfig, weights: Mapping[str, AnyArray]) -> Weights:
    """Returns the network in a checkpoint's weights, which must be the family's."""
    layers = range(config.layers)
    return Weights(
        encoder=tuple(LstmLayer.of(weights, "encoder", layer) for layer in layers),
        decoder=tuple(LstmLayer.of(weights, "decoder", layer) for layer in layers),
        dense_weight=weights["dense.weight"],
        dense_bias=weights["dense.bias"],
    )


def reconstruct(config: RepeatVectorConfig, weights: Weights, scaled: Float64) -> Float64:
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


def frozen(name: str) -> bool:
    """Whether a parameter is a layer's second bias, which stays at zero and is not trained."""
    return name.endswith("h2h_bias")


def repeat_vector_graph(
    config: RepeatVectorConfig,
    weights: Weights,
    sensors: Sensors,
    *,
    plain_inputs: bool = False,
    decoder: str = "plain",
) -> Graph:
    """Returns the whole detector as a graph; decoder: one of DECODERS."""
    graph, windows, steps, lengths = begin(sensors, config.window, plain_inputs=plain_inputs)
    if config.channels == "independent":
        steps, lengths = _fold_channels(graph, windows, steps, lengths)
    decoded = _network(graph, windows, weights, steps, lengths, decoder)
    if config.channels == "independent":
        sizes = [windows.length, graph.integers(-1), "windows_channels"]
        shape = graph.concat(sizes, "channels_apart_shape")
        decoded = graph.node("Reshape", [decoded, shape], "decoded_channels")
    finish(graph, windows, decoded, sensors)
    return graph


def _fold_channels(
    graph: Graph, windows: windowing.Windows, steps: str, lengths: str
) -> tuple[str, str]:
    """Returns steps (T, N * C, 1) and lengths (N * C,): every channel a sequence of its own."""
    one, any_ = graph.integers(1), graph.integers(-1)
    folded = graph.concat([windows.length, any_, one], "channels_folded_shape")
    steps = graph.node("Reshape", [steps, folded], "steps_by_channel")
    column = graph.node("Unsqueeze", [lengths, one], "lengths_column")
    wide = graph.concat([one, "windows_channels"], "lengths_wide_shape")
    repeated = graph.node("Expand", [column, wide], "lengths_wide")
    return steps, graph.node("Reshape", [repeated, any_], "lengths_by_channel")


def _network(
    graph: Graph,
    windows: windowing.Windows,
    weights: Weights,
    steps: str,
    lengths: str,
    decoder: str,
) -> str:
    """Returns the reconstruction of steps (T, N, C), in the same layout."""
    lengths = windowing.as_lengths(graph, lengths, "lengths")
    hidden, last = steps, ""
    for number, layer in enumerate(weights.encoder):
        hidden, last = _lstm(graph, layer, f"encoder{number}", hidden, lengths)
    one = graph.integers(1)
    times = graph.concat([windows.length, one, one], "repeat_shape")
    first, *others = weights.decoder
    if decoder == "projected":
        hidden = _projected(graph, first, last, times)
    else:
        hidden, _ = _lstm(
            graph, first, "decoder0", graph.node("Expand", [last, times], "repeated"), ""
        )
    for number, layer in enumerate(others, start=1):
        hidden, _ = _lstm(graph, layer, f"decoder{number}", hidden, "")
    weight = graph.weight("dense_weight", weights.dense_weight.T)
    product = graph.node("MatMul", [hidden, weight], "product")
    return graph.node("Add", [product, graph.weight("dense_bias", weights.dense_bias)], "dense")


def _projected(graph: Graph, layer: LstmLayer, last: str, times: str) -> str:
    """Returns the hidden states (T, N, H) of a layer that reads `last` (1, N, H) at every step.

    The input is the same at every step, so it is projected once: the layer's
    W becomes the N projections, and sequence n reads the n-th unit vector.
    The same sums in the same order as the plain form.
    """
    weight = graph.weight("decoder0_W", layer.onnx_tensors()[0])
    by_unit = graph.node("Transpose", [last], "last_by_unit", perm=[0, 2, 1])  # (1, H, N)
    projections = graph.node("MatMul", [weight, by_unit], "projections")  # (1, 4H, N)
    count = graph.node("Shape", [last], "sequences", start=1, end=2)
    square = graph.node("ConstantOfShape", [graph.concat([count, count], "square")], "zeros")
    units = graph.node("EyeLike", [square], "units")
    step = graph.node("Unsqueeze", [units, graph.integers(0)], "unit_vectors")
    steps = graph.node("Expand", [step, times], "unit_vectors_by_step")  # (T, N, N)
    return _lstm(graph, layer, "decoder0", steps, "", projections)[0]


def _lstm(
    graph: Graph, layer: LstmLayer, name: str, steps: str, lengths: str, projected: str = ""
) -> tuple[str, str]:
    """Returns the hidden states (T, N, H) and the last one (1, N, H) of steps (T, N, C).

    projected: what stands in W's place.
    """
    parts = zip("WRB", layer.onnx_tensors(), strict=True)
    tensors = [graph.weight(f"{name}_{part}", tensor) for part, tensor in parts]
    tensors[0] = projected or tensors[0]
    outputs = [f"{name}_all", f"{name}_last"]
    hidden, last = graph.nodes("LSTM", [steps, *tensors, lengths], outputs, hidden_size=layer.units)
    return graph.node("Squeeze", [hidden, graph.integers(1)], f"{name}_hidden"), last


FAMILY = Family(
    name=RepeatVectorConfig.family,
    shapes=expected_shapes,
    network=network_of,
    graph=repeat_vector_graph,
    reconstruct=reconstruct,
    frozen=frozen,
    decoders=DECODERS,
)
