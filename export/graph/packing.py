"""Several sequences in one of an LSTM: exact, and fewer of them, which is what small ones cost.

The operator pays by sequence and step, whatever the cell. So `count` sequences
go in side by side, through weights that are block-diagonal: the zeros between
the blocks add nothing to any sum, and every answer keeps its bits. The blocks
are laid out by nodes of constants, which onnxruntime computes once, when a
capsule is opened: the file holds each weight once.
"""

from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.lstm import LstmLayer

__all__ = ["PACKED", "packed_layer", "sequences_packed"]

# Sequences in one, by hidden units and rows a step, where that is faster: measured on AVX2 (Zen 3)
# and AVX-512 at 4 to 1024 sequences. 8 units gain a fifth to a half, 16 up to a seventh; 32 lose,
# and four sequences in one gain nothing over two. What is not here is not packed.
PACKED = {(8, 5): 2, (8, 10): 2, (8, 20): 2, (8, 50): 2, (16, 5): 2, (16, 10): 2, (16, 20): 2}


def sequences_packed(units: int, segment: int, channels: int) -> int:
    """Returns how many sequences go in as one.

    Channels of one window, so that all are as long, and their number the same
    however many windows are in a call: 1 where these do not come in pairs.
    """
    count = PACKED.get((units, segment), 1)
    return count if channels % count == 0 else 1


def packed_layer(graph: Graph, name: str, layer: LstmLayer, count: int) -> list[str]:
    """Returns the names of W, R and B of `count` layers side by side, from one layer's own."""
    units = layer.units
    w, r, b = (
        graph.weight(f"{name}_{part}", tensor)
        for part, tensor in zip("WRB", layer.onnx_tensors(), strict=True)
    )
    gates = graph.integers(8, units)  # both biases of four gates
    by_gate = graph.node("Reshape", [b, gates], f"{name}_B_by_gate")
    repeated = graph.concat([by_gate] * count, f"{name}_B_repeated", axis=1)
    bias = graph.node("Reshape", [repeated, graph.integers(1, -1)], f"{name}_B_packed")
    inputs = int(layer.i2h_weight.shape[1])
    return [
        _diagonal(graph, w, (units, inputs), count),
        _diagonal(graph, r, (units, units), count),
        bias,
    ]


def _diagonal(graph: Graph, weight: str, block: tuple[int, int], count: int) -> str:
    """Returns a weight (1, 4H, C) as (1, 4 * count * H, count * C): its gates, block-diagonal."""
    units, inputs = block
    by_gate = graph.node("Reshape", [weight, graph.integers(4, units, inputs)], f"{weight}_by_gate")
    blocks = []
    for number in range(count):
        before, after = number * inputs, (count - 1 - number) * inputs
        pads = graph.integers(0, 0, before, 0, 0, after)
        blocks.append(graph.node("Pad", [by_gate, pads], f"{weight}_block{number}"))
    diagonal = graph.concat(blocks, f"{weight}_diagonal", axis=1)
    shape = graph.integers(1, -1, count * inputs)
    return graph.node("Reshape", [diagonal, shape], f"{weight}_packed")
