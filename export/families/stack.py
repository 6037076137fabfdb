"""Stacks of LSTM layers that others trained: one graph function over a list of layers.

    values -> scaled -> windows -> encoder layers -> last state, repeated -> decoder layers
           -> dense, activation -> error -> Mahalanobis distance -> score -> alarm

Layers may have a width of their own, both directions, and the activations
that ONNX's LSTM expresses. A layer with both directions passes on forward and
backward side by side; the last state of an encoder is what each direction
ends with, as Keras has it.
"""

from collections.abc import Mapping

import numpy as np

from stillwatch.export.families.family import Family
from stillwatch.export.families.reference import Function, lstm_from, sigmoid
from stillwatch.export.graph import windowing
from stillwatch.export.graph.builder import Attribute, Graph
from stillwatch.export.graph.distance_nodes import Sensors, begin, finish
from stillwatch.export.graph.lstm import LstmLayer, Weights, lstm_shapes
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.families.stack.config import StackConfig, StackLayer

__all__ = ["FAMILY", "expected_shapes", "network_of", "reconstruct", "stack_graph"]

_CELLS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "linear": "Affine"}
_SLOPES = {"hard_sigmoid": 1 / 6, "hard_sigmoid_0.2": 0.2}  # of 0.5 + slope x, cut to 0 and 1
_DENSE = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}
_FUNCTIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": sigmoid,
    "linear": lambda x: x,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
    "hard_sigmoid_0.2": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
}


def expected_shapes(config: StackConfig, channels: int) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that the network has, no more and no fewer."""
    shapes: dict[str, tuple[int, ...]] = {}
    width = channels
    for block, texts in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        for number, text in enumerate(texts):
            layer = StackLayer.parse(text)
            for name in _cells(block, number, layer):
                shapes |= lstm_shapes(name, 0, inputs=width, units=layer.units)
            width = layer.outputs
    return shapes | {"dense.weight": (channels, width), "dense.bias": (channels,)}


def network_of(config: StackConfig, weights: Mapping[str, AnyArray]) -> Weights:
    """Returns the network in a checkpoint's weights, the directions of a layer one by one."""
    encoder, decoder = (
        tuple(
            LstmLayer.of(weights, name, 0)
            for number, text in enumerate(texts)
            for name in _cells(block, number, StackLayer.parse(text))
        )
        for block, texts in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers))
    )
    return Weights(encoder, decoder, weights["dense.weight"], weights["dense.bias"])


def reconstruct(config: StackConfig, weights: Weights, scaled: Float64) -> Float64:
    """Returns the reconstruction (T, C) of scaled values (T, C), cut into windows."""
    parts = []
    for start in range(0, len(scaled), config.window):
        hidden = scaled[None, start : start + config.window]  # (1, T, C)
        steps = hidden.shape[1]
        hidden, last = _run(config.encoder_layers, weights.encoder, hidden)
        if last is not None:
            hidden = np.repeat(last[:, None], steps, axis=1)
        hidden, _ = _run(config.decoder_layers, weights.decoder, hidden)
        product = hidden[0] @ weights.dense_weight.T.astype(np.float64) + weights.dense_bias
        parts.append(_FUNCTIONS[config.activation](product))
    return np.concatenate(parts)


def stack_graph(
    config: StackConfig,
    weights: Weights,
    sensors: Sensors,
    *,
    plain_inputs: bool = False,
) -> Graph:
    """Returns the whole detector as a graph."""
    graph, windows, steps, lengths = begin(sensors, config.window, plain_inputs=plain_inputs)
    lengths = windowing.as_lengths(graph, lengths, "lengths")
    hidden, last = _layers(graph, "encoder", config.encoder_layers, weights.encoder, steps, lengths)
    if last:
        one = graph.integers(1)
        times = graph.concat([windows.length, one, one], "repeat_shape")
        hidden = graph.node("Expand", [last, times], "repeated")
    hidden, _ = _layers(graph, "decoder", config.decoder_layers, weights.decoder, hidden, lengths)
    product = graph.node(
        "MatMul", [hidden, graph.weight("dense_weight", weights.dense_weight.T)], "product"
    )
    decoded = graph.node("Add", [product, graph.weight("dense_bias", weights.dense_bias)], "dense")
    if config.activation != "linear":
        decoded = graph.node(_DENSE[config.activation], [decoded], "activated")
    finish(graph, windows, decoded, sensors)
    return graph


def _cells(block: str, number: int, layer: StackLayer) -> list[str]:
    """Returns the names of a layer's directions."""
    name = f"{block}.{number}"
    return [name, f"{name}.backward"] if layer.both else [name]


def _run(
    texts: tuple[str, ...], cells: tuple[LstmLayer, ...], hidden: Float64
) -> tuple[Float64, Float64 | None]:
    """Returns what the last layer passes on (1, T, H), and what it ends with (1, H)."""
    waiting, last = iter(cells), None
    for text in texts:
        layer = StackLayer.parse(text)
        functions = _FUNCTIONS[layer.activation], _FUNCTIONS[layer.gate]
        zero = np.zeros((1, layer.units))
        forward, (end, _) = lstm_from(hidden, next(waiting), (zero, zero), *functions)
        sides, ends = [forward], [end]
        if layer.both:
            backward, (end, _) = lstm_from(hidden[:, ::-1], next(waiting), (zero, zero), *functions)
            sides.append(backward[:, ::-1])
            ends.append(end)
        hidden, last = np.concatenate(sides, axis=2), np.concatenate(ends, axis=1)
    return hidden, last


def _layers(
    graph: Graph,
    block: str,
    texts: tuple[str, ...],
    cells: tuple[LstmLayer, ...],
    hidden: str,
    lengths: str,
) -> tuple[str, str]:
    """Returns what the last layer passes on (T, N, H), and what it ends with (1, N, H)."""
    number, last = 0, ""
    for text in texts:
        layer = StackLayer.parse(text)
        sides, ends = [], []
        for direction in ("forward", "reverse")[: 1 + layer.both]:
            name = f"{block}{number}"
            tensors = zip("WRB", cells[number].onnx_tensors(), strict=True)
            inputs = [hidden, *(graph.weight(f"{name}_{p}", t) for p, t in tensors), lengths]
            side, end = _lstm(graph, name, inputs, layer, direction)
            sides.append(side)
            ends.append(end)
            number += 1
        hidden, last = sides[0], ends[0]
        if layer.both:
            hidden = graph.concat(sides, f"{name}_both", axis=2)
            last = graph.concat(ends, f"{name}_both_ends", axis=2)
    return hidden, last


def _lstm(
    graph: Graph, name: str, inputs: list[str], layer: StackLayer, direction: str
) -> tuple[str, str]:
    """Returns the hidden states (T, N, H) of one direction, and what it ends with (1, N, H)."""
    attributes: dict[str, Attribute] = {"hidden_size": layer.units, "direction": direction}
    slope = _SLOPES.get(layer.gate)
    if slope is not None or layer.activation != "tanh":
        cell = _CELLS[layer.activation]
        attributes["activations"] = ["Sigmoid" if slope is None else "HardSigmoid", cell, cell]
        # An alpha and a beta each, which those without them leave; Affine is 1 x + 0.
        attributes["activation_alpha"] = [slope or 0.0, 1.0, 1.0]
        attributes["activation_beta"] = [0.5, 0.0, 0.0]
    hidden, last = graph.nodes("LSTM", inputs, [f"{name}_all", f"{name}_last"], **attributes)
    return graph.node("Squeeze", [hidden, graph.integers(1)], f"{name}_hidden"), last


FAMILY = Family(
    name=StackConfig.family,
    shapes=expected_shapes,
    network=network_of,
    graph=stack_graph,
    reconstruct=reconstruct,
)
