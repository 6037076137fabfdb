"""Encoder, its last hidden state repeated, decoder, dense layer: the nodes of a repeat-vector."""

from stillwatch.export.graph import windowing
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.lstm import LstmLayer, Weights
from stillwatch.export.graph.packing import packed_layer
from stillwatch.export.graph.sequences import Sequences

__all__ = ["encoder_decoder"]


def encoder_decoder(graph: Graph, weights: Weights, sequences: Sequences, decoder: str) -> str:
    """Returns the reconstruction (S, N, C) of all sequences, packed or not.

    decoder: "plain" or "projected", see DECODERS of the family; sequences are
    packed in the plain form alone.
    """
    packed = sequences.packed
    lengths = windowing.as_lengths(graph, sequences.lengths, "lengths")
    hidden, last = sequences.steps, ""
    for number, layer in enumerate(weights.encoder):
        hidden, last = _lstm(graph, layer, f"encoder{number}", hidden, lengths, packed=packed)
    one = graph.integers(1)
    times = graph.concat([sequences.count, one, one], "repeat_shape")
    first, *others = weights.decoder
    if decoder == "projected":
        hidden = _projected(graph, first, last, times)
    else:
        repeated = graph.node("Expand", [last, times], "repeated")
        hidden, _ = _lstm(graph, first, "decoder0", repeated, "", packed=packed)
    for number, layer in enumerate(others, start=1):
        hidden, _ = _lstm(graph, layer, f"decoder{number}", hidden, "", packed=packed)
    if packed > 1:
        apart = graph.integers(0, -1, first.units)
        hidden = graph.node("Reshape", [hidden, apart], "decoder_unpacked")
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
    return _lstm(graph, layer, "decoder0", steps, "", projected=projections)[0]


def _lstm(
    graph: Graph,
    layer: LstmLayer,
    name: str,
    steps: str,
    lengths: str,
    *,
    projected: str = "",
    packed: int = 1,
) -> tuple[str, str]:
    """Returns the hidden states (T, N, H) and the last one (1, N, H) of steps (T, N, C).

    projected: what stands in W's place. packed: so many sequences are one.
    """
    if packed > 1:
        tensors = packed_layer(graph, name, layer, packed)
    else:
        parts = zip("WRB", layer.onnx_tensors(), strict=True)
        tensors = [graph.weight(f"{name}_{part}", tensor) for part, tensor in parts]
    tensors[0] = projected or tensors[0]
    outputs = [f"{name}_all", f"{name}_last"]
    units = packed * layer.units
    hidden, last = graph.nodes("LSTM", [steps, *tensors, lengths], outputs, hidden_size=units)
    return graph.node("Squeeze", [hidden, graph.integers(1)], f"{name}_hidden"), last
