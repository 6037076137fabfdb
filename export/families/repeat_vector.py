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
from stillwatch.export.graph import segments
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.distance_nodes import Sensors, begin, finish
from stillwatch.export.graph.encoder_decoder import encoder_decoder
from stillwatch.export.graph.lstm import LstmLayer, Weights, lstm_shapes
from stillwatch.export.graph.packing import sequences_packed
from stillwatch.export.graph.sequences import Layout, as_sequences, rows_again
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.families.repeat_vector.config import REACH, RepeatVectorConfig

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
    width = config.segment * (1 if config.channels == "independent" else channels)
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
        size = np.ones(1)
        if config.scale_free:
            size = np.maximum(1.0, np.abs(window).max(axis=1, keepdims=True) / REACH)
        hidden = _in_segments(window / size, config.segment)
        steps = hidden.shape[1]
        for layer in weights.encoder:
            hidden = lstm(hidden, layer)
        hidden = np.repeat(hidden[:, -1:], steps, axis=1)
        for layer in weights.decoder:
            hidden = lstm(hidden, layer)
        decoded = hidden @ weights.dense_weight.T.astype(np.float64) + weights.dense_bias
        count, length, width = window.shape
        decoded = decoded.reshape(count, -1, width)[:, :length] * size
        if config.channels == "independent":
            decoded = decoded.transpose(2, 1, 0)
        parts.append(decoded[0])
    return np.concatenate(parts)


def _in_segments(window: Float64, segment: int) -> Float64:
    """Returns windows (N, T, C) as segments (N, S, segment * C), the last padded with zeros."""
    count, length, width = window.shape
    padded = np.pad(window, ((0, 0), (0, -length % segment), (0, 0)))
    return padded.reshape(count, -1, segment * width)


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
    graph, windows, steps, lengths = begin(
        sensors, config.window, plain_inputs=plain_inputs, segment=config.segment
    )
    size = ""
    if config.scale_free:
        size = segments.size(graph, steps, REACH)
        steps = graph.node("Div", [steps, size], "steps_of_size_one")
    layout = _layout(config, len(sensors.mean), decoder)
    sequences = as_sequences(graph, windows, layout, steps, lengths)
    decoded = encoder_decoder(graph, weights, sequences, decoder)
    decoded = rows_again(graph, windows, layout, decoded)
    if size:
        decoded = graph.node("Mul", [decoded, size], "decoded_at_size")
    finish(graph, windows, decoded, sensors)
    return graph


def _layout(config: RepeatVectorConfig, channels: int, decoder: str) -> Layout:
    independent = config.channels == "independent"
    packs = independent and decoder == "plain"
    return Layout(
        channels=channels,
        independent=independent,
        segment=config.segment,
        packed=sequences_packed(config.units, config.segment, channels) if packs else 1,
    )


FAMILY = Family(
    name=RepeatVectorConfig.family,
    shapes=expected_shapes,
    network=network_of,
    graph=repeat_vector_graph,
    reconstruct=reconstruct,
    frozen=frozen,
    decoders=DECODERS,
    segment=lambda config: int(config.segment),
)
