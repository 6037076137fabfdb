"""Cuts series into windows inside the graph, so that a host may hand over a whole one.

The windows of all series stand side by side in the batch. One that is cut
short by the series' end is padded, and the LSTM told its true length, so
that the last state is that of the last value. All of it is exact: a value's
score is the same to the last bit with the window cut by the host.
"""

from dataclasses import dataclass

from onnx import TensorProto

from stillwatch.export.graph import segments
from stillwatch.export.graph.builder import Graph

__all__ = [
    "Windows",
    "as_lengths",
    "cut",
    "first_state",
    "join",
    "last_state",
    "measure",
    "window_lengths",
]


@dataclass(frozen=True)
class Windows:
    """Names of 1-D int64 tensors that say how series are cut.

    series: N. time: T. length: of a window. count: windows a series.
    padded_time: count * length. padding: steps after the last value. pads:
    the same, as the operator Pad wants it.
    """

    series: str
    time: str
    length: str
    count: str
    padded_time: str
    padding: str
    pads: str


def measure(graph: Graph, values: str, window: int, segment: int = 1) -> Windows:
    """Returns how to cut `values` (N, T, C) into windows of `window` steps.

    A series shorter than a window is one window of its own length: a stream's
    single value costs a single step. segment: steps of which a window is a
    whole number; then that one window's length is rounded up to whole ones.
    """
    one, zero = graph.integers(1), graph.integers(0)
    series = graph.node("Shape", [values], "series", start=0, end=1)
    time = graph.node("Shape", [values], "time", start=1, end=2)
    length = graph.node("Min", [time, graph.integers(window)], "window_length")
    if segment > 1:
        whole = segments.count(graph, length, segment)
        length = graph.node("Mul", [whole, graph.integers(segment)], "whole_length")
    sum_ = graph.node("Add", [time, length], "time_and_length")
    rounded_up = graph.node("Sub", [sum_, one], "rounded_up")
    count = graph.node("Div", [rounded_up, length], "window_count")  # ceil(time / length)
    padded_time = graph.node("Mul", [count, length], "padded_time")
    padding = graph.node("Sub", [padded_time, time], "padding")
    pads = graph.concat([graph.integers(0, 0, 0, 0), padding, zero], "time_pads")
    return Windows(series, time, length, count, padded_time, padding, pads)


def cut(graph: Graph, windows: Windows, values: str, output: str) -> str:
    """Returns `output` (N * count, length, C), the windows of `values` (N, T, C)."""
    padded = graph.node("Pad", [values, windows.pads], f"{output}_padded")
    channels = graph.node("Shape", [values], f"{output}_channels", start=2, end=3)
    shape = graph.concat([graph.integers(-1), windows.length, channels], f"{output}_shape")
    return graph.node("Reshape", [padded, shape], output)


def join(graph: Graph, windows: Windows, values: str, output: str) -> str:
    """Returns `output` (N, T, C): the windows (N * count, length, C) as series again."""
    sizes = [windows.series, windows.padded_time, graph.integers(-1)]
    padded = graph.node(
        "Reshape", [values, graph.concat(sizes, f"{output}_shape")], f"{output}_padded"
    )
    return graph.node("Slice", [padded, graph.integers(0), windows.time, graph.integers(1)], output)


def window_lengths(graph: Graph, windows: Windows) -> str:
    """Returns (N * count,) int64: the true length of each window."""
    one = graph.integers(1)
    others = graph.node("Sub", [windows.count, one], "whole_windows")
    last = graph.node("Sub", [windows.length, windows.padding], "last_length")
    whole_shape = graph.concat([windows.series, others], "whole_shape")
    last_shape = graph.concat([windows.series, one], "last_shape")
    whole_lengths = graph.node("Expand", [windows.length, whole_shape], "whole_lengths")
    last_lengths = graph.node("Expand", [last, last_shape], "last_lengths")
    by_series = graph.concat([whole_lengths, last_lengths], "lengths_by_series", axis=1)
    return graph.node("Reshape", [by_series, graph.integers(-1)], "window_lengths")


def first_state(graph: Graph, windows: Windows, state: str, units: int) -> str:
    """Returns (1, N * count, H): a series' first window begins with `state`, the rest at zero."""
    one = graph.integers(1)
    shape = graph.concat([one, windows.series, graph.integers(units)], f"{state}_shape")
    by_series = graph.node("Expand", [state, shape], f"{state}_by_series")
    first = graph.node("Reshape", [by_series, graph.integers(-1, 1, units)], f"{state}_first")
    others = graph.node("Sub", [windows.count, one], f"{state}_others")
    pads = graph.concat([graph.integers(0, 0, 0, 0), others, graph.integers(0)], f"{state}_pads")
    padded = graph.node("Pad", [first, pads], f"{state}_by_window")
    return graph.node("Reshape", [padded, graph.integers(1, -1, units)], f"{state}_initial")


def last_state(graph: Graph, windows: Windows, state: str, units: int, output: str) -> str:
    """Returns `output` (1, N, H): the state (1, N * count, H) after each series' last window."""
    sizes = [graph.integers(1), windows.series, windows.count, graph.integers(units)]
    shape = graph.concat(sizes, f"{output}_shape")
    by_window = graph.node("Reshape", [state, shape], f"{output}_by_window")
    window_axis = graph.integers(2)
    bounds = [graph.integers(-1), windows.count, window_axis]
    last = graph.node("Slice", [by_window, *bounds], f"{output}_last")
    return graph.node("Squeeze", [last, window_axis], output)


def as_lengths(graph: Graph, lengths: str, output: str) -> str:
    """Returns `output`, lengths as the LSTM wants them: int32."""
    return graph.node("Cast", [lengths], output, to=TensorProto.INT32)
