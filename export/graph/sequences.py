"""From rows to the sequences that a network reads, and back: by channel, by segment, packed."""

from dataclasses import dataclass

from stillwatch.export.graph import segments
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.windowing import Windows

__all__ = ["Layout", "Sequences", "as_sequences", "rows_again"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How C channels are read: each a sequence of its own or jointly, so many rows a step.

    packed: how many sequences of independent channels go in as one.
    """

    channels: int
    independent: bool
    segment: int = 1
    packed: int = 1

    @property
    def width(self) -> int:
        """Channels of a sequence."""
        return 1 if self.independent else self.channels


@dataclass(frozen=True, kw_only=True)
class Sequences:
    """Names of what a network reads: steps (S, N, C), lengths (N,) int64 in steps, and S.

    packed: how many sequences are one; then steps are (S, N / packed,
    packed * C), and lengths as many.
    """

    steps: str
    lengths: str
    count: str
    packed: int


def as_sequences(
    graph: Graph, windows: Windows, layout: Layout, rows: str, lengths: str
) -> Sequences:
    """Returns rows (T, N, C) of windows of these lengths (N,) as a layout has them."""
    steps, count, segment, packed = rows, windows.length, layout.segment, layout.packed
    one, any_ = graph.integers(1), graph.integers(-1)
    if segment > 1:
        count = segments.count(graph, windows.length, segment)
        lengths = segments.count(graph, lengths, segment)
        steps = segments.as_segments(graph, rows, count, segment, layout.width)
    elif layout.independent:
        folded = graph.concat([windows.length, any_, one], "channels_folded_shape")
        steps = graph.node("Reshape", [rows, folded], "steps_by_channel")
    if layout.independent:
        each = "windows_channels"
        if packed > 1:
            each = graph.integers(layout.channels // packed)
            side_by_side = graph.integers(0, -1, packed * segment)
            steps = graph.node("Reshape", [steps, side_by_side], "steps_packed")
        column = graph.node("Unsqueeze", [lengths, one], "lengths_column")
        wide = graph.concat([one, each], "lengths_wide_shape")
        repeated = graph.node("Expand", [column, wide], "lengths_wide")
        lengths = graph.node("Reshape", [repeated, any_], "lengths_by_channel")
    return Sequences(steps=steps, lengths=lengths, count=count, packed=packed)


def rows_again(graph: Graph, windows: Windows, layout: Layout, decoded: str) -> str:
    """Returns what a network decoded (S, N, C), no longer packed, as rows (T, N, C)."""
    if layout.segment > 1:
        channels = (layout.width, layout.channels)
        return segments.as_rows(graph, decoded, windows.length, layout.segment, channels)
    if not layout.independent:
        return decoded
    sizes = [windows.length, graph.integers(-1), "windows_channels"]
    shape = graph.concat(sizes, "channels_apart_shape")
    return graph.node("Reshape", [decoded, shape], "decoded_channels")
