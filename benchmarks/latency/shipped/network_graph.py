"""The graph of a windowed network alone: windows in, their reconstruction out, nothing else.

The nodes are those of a capsule, without scaling, cutting, score and alarm: as
the other engines have the network.
"""

from importlib.metadata import version

from stillwatch.export.graph import segments
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.encoder_decoder import encoder_decoder
from stillwatch.export.graph.lstm import Weights
from stillwatch.export.graph.sequences import Sequences
from stillwatch.train.families.repeat_vector.config import REACH, RepeatVectorConfig

__all__ = ["network_graph"]


def network_graph(config: RepeatVectorConfig, network: Weights, packed: int) -> bytes:
    """Returns a model of windows (N, T, 1) in scaled units, N a multiple of `packed`.

    packed: so many windows of a batch are one sequence, as a capsule has its
    channels. For independent channels.
    """
    graph = Graph()
    windows = graph.input("values", ["batch", config.window, 1])
    size = ""
    if config.scale_free:
        rows = graph.node("Transpose", [windows], "rows", perm=[1, 0, 2])  # NTC -> TNC
        size = segments.size(graph, rows, REACH)  # (1, N, 1)
        shape = graph.integers(-1, 1, 1)
        size = graph.node("Reshape", [size, shape], "size_of_window")
        windows = graph.node("Div", [windows, size], "windows_of_size_one")
    steps = config.window // config.segment
    by_window = graph.integers(-1, steps, config.segment)
    apart = graph.node("Reshape", [windows, by_window], "windows_by_segment")
    read = graph.node("Transpose", [apart], "segments", perm=[1, 0, 2])  # NSW -> SNW
    if packed > 1:
        side_by_side = graph.integers(steps, -1, packed * config.segment)
        read = graph.node("Reshape", [read, side_by_side], "segments_packed")
    count = graph.node("Shape", [read], "sequences", start=1, end=2)
    length = graph.integers(steps)
    lengths = graph.node("Expand", [length, count], "full_lengths")
    sequences = Sequences(steps=read, lengths=lengths, count=length, packed=packed)
    decoded = encoder_decoder(graph, network, sequences, "plain")
    again = graph.node("Transpose", [decoded], "decoded_by_window", perm=[1, 0, 2])
    shape = graph.integers(-1, config.window, 1)
    result = graph.node("Reshape", [again, shape], "decoded" if size else "reconstruction")
    if size:
        graph.node("Mul", [result, size], "reconstruction")
    graph.output("reconstruction", ["batch", config.window, 1])
    content: bytes = graph.model("network", version("stillwatch")).SerializeToString()
    return content
