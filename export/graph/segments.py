"""A window as segments of rows, of which a network reads and writes one a step.

A hundredth, or a hundred over the segment's rows, of the steps: an LSTM's time
is by the step, hardly by what a step reads. A window that ends within a
segment is padded with zeros, which is the sensors' mean.
"""

import numpy as np

from stillwatch.export.graph.builder import Graph

__all__ = ["as_rows", "as_segments", "count", "size"]


def count(graph: Graph, lengths: str, segment: int) -> str:
    """Returns how many segments so many rows are, the last of them full or not; int64."""
    up = graph.node("Add", [lengths, graph.integers(segment - 1)], f"{lengths}_rounded_up")
    return graph.node("Div", [up, graph.integers(segment)], f"{lengths}_in_segments")


def as_segments(graph: Graph, rows: str, steps: str, segment: int, channels: int) -> str:
    """Returns rows (T, N, C) as segments (S, N, segment * C), a row's channels side by side.

    steps: the name of S, of which T is `segment` times as much. channels: C,
    or 1 where each is a sequence of its own: then (S, N * C, segment).
    """
    each = graph.integers(segment)
    if channels == 1:
        shape = graph.concat([steps, each, graph.integers(-1)], "segments_shape")
        apart = graph.node("Reshape", [rows, shape], "segments_apart")  # (S, w, N)
        return graph.node("Transpose", [apart], "segments", perm=[0, 2, 1])
    sizes = [steps, each, graph.integers(-1), graph.integers(channels)]
    shape = graph.concat(sizes, "segments_shape")
    apart = graph.node("Reshape", [rows, shape], "segments_apart")  # (S, w, N, C)
    by_series = graph.node("Transpose", [apart], "segments_by_series", perm=[0, 2, 1, 3])
    flat = graph.integers(0, 0, segment * channels)  # 0: as it is
    return graph.node("Reshape", [by_series, flat], "segments")


def as_rows(
    graph: Graph, decoded: str, length: str, segment: int, channels: tuple[int, int]
) -> str:
    """Returns segments as rows (T, N, C) again.

    length: the name of T. channels: of a sequence, as for `as_segments`, and C.
    """
    alone, every = channels
    if alone == 1:
        rows = graph.node("Transpose", [decoded], "decoded_segments", perm=[0, 2, 1])
    else:
        shape = graph.integers(0, 0, segment, alone)
        apart = graph.node("Reshape", [decoded, shape], "decoded_apart")  # (S, N, w, C)
        rows = graph.node("Transpose", [apart], "decoded_segments", perm=[0, 2, 1, 3])
    shape = graph.concat([length, graph.integers(-1, every)], "rows_shape")
    return graph.node("Reshape", [rows, shape], "decoded_rows")


def size(graph: Graph, steps: str, reach: float) -> str:
    """Returns max(1, largest magnitude / reach) of each channel of each window, (1, N, C).

    steps: (T, N, C). The largest, since it is the same in whatever order it is
    looked for: a mean of squares would depend on how many windows are in a call.
    """
    sizes = graph.node("Abs", [steps], "steps_sizes")
    largest = graph.node("ReduceMax", [sizes], "window_largest", axes=[0], keepdims=1)
    share = graph.node("Div", [largest, graph.weight("reach", np.array(reach))], "window_reach")
    return graph.node("Max", [share, graph.weight("smallest_size", np.array(1.0))], "window_size")
