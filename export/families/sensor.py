"""The graph of the sensor autoencoders, all channels at once.

    values -> scaled -> windows -> encoder -> its last states -> decoder -> dense
           -> error -> Mahalanobis distance -> score -> alarm

Each decoder layer begins with the last h and c of the encoder layer of its
number; the first of them reads the top one's h at every step.
"""

from collections.abc import Mapping

import numpy as np

from stillwatch.export.families.family import Family
from stillwatch.export.families.reference import lstm_from
from stillwatch.export.graph import windowing
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.distance_nodes import Sensors, begin, finish
from stillwatch.export.graph.lstm import LstmLayer, Weights, lstm_shapes
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["FAMILY", "expected_shapes", "network_of", "reconstruct", "sensor_graph"]


def expected_shapes(config: SensorConfig, channels: int) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that the family has, no more and no fewer."""
    shapes: dict[str, tuple[int, ...]] = {
        "dense.weight": (channels, config.units),
        "dense.bias": (channels,),
    }
    for block, first in (("encoder", channels), ("decoder", config.units)):
        for layer in range(config.layers):
            inputs = config.units if layer else first
            shapes |= lstm_shapes(f"{block}.{layer}", 0, inputs=inputs, units=config.units)
    return shapes


def network_of(config: SensorConfig, weights: Mapping[str, AnyArray]) -> Weights:
    """Returns the network in a checkpoint's weights, which must be the family's."""
    encoder, decoder = (
        tuple(LstmLayer.of(weights, f"{block}.{layer}", 0) for layer in range(config.layers))
        for block in ("encoder", "decoder")
    )
    return Weights(encoder, decoder, weights["dense.weight"], weights["dense.bias"])


def reconstruct(config: SensorConfig, weights: Weights, scaled: Float64) -> Float64:
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


def sensor_graph(
    config: SensorConfig,
    weights: Weights,
    sensors: Sensors,
    *,
    plain_inputs: bool = False,
) -> Graph:
    """Returns the whole detector as a graph."""
    graph, windows, steps, lengths = begin(sensors, config.window, plain_inputs=plain_inputs)
    lengths = windowing.as_lengths(graph, lengths, "lengths")
    hidden, states = steps, []
    for number, layer in enumerate(weights.encoder):
        hidden, *state = _layer(graph, layer, f"encoder{number}", [hidden, lengths])
        states.append(state)
    one = graph.integers(1)
    times = graph.concat([windows.length, one, one], "repeat_shape")
    hidden = graph.node("Expand", [states[-1][0], times], "repeated")
    for number, (layer, state) in enumerate(zip(weights.decoder, states, strict=True)):
        hidden, *_ = _layer(graph, layer, f"decoder{number}", [hidden, "", *state])
    product = graph.node(
        "MatMul", [hidden, graph.weight("dense_weight", weights.dense_weight.T)], "product"
    )
    decoded = graph.node("Add", [product, graph.weight("dense_bias", weights.dense_bias)], "dense")
    finish(graph, windows, decoded, sensors)
    return graph


def _layer(graph: Graph, layer: LstmLayer, name: str, inputs: list[str]) -> tuple[str, str, str]:
    """Returns a layer's hidden states (T, N, H) and its last h and c, both (1, N, H).

    inputs: the steps (T, N, C), then lengths and initial h and c as far as they are given.
    """
    steps, *rest = inputs
    tensors = [
        graph.weight(f"{name}_{part}", tensor)
        for part, tensor in zip("WRB", layer.onnx_tensors(), strict=True)
    ]
    hidden, h, c = graph.nodes(
        "LSTM",
        [steps, *tensors, *rest],
        [f"{name}_all", f"{name}_h", f"{name}_c"],
        hidden_size=layer.units,
    )
    return graph.node("Squeeze", [hidden, graph.integers(1)], f"{name}_hidden"), h, c


FAMILY = Family(
    name=SensorConfig.family,
    shapes=expected_shapes,
    network=network_of,
    graph=sensor_graph,
    reconstruct=reconstruct,
)
