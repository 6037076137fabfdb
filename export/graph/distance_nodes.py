"""What is around a windowed network in its graph: scaling, windows, score, contribution, alarm.

A windowed family is what lies between `begin` and `finish`: steps (T, N, C)
in, their reconstruction out. What is of particular sensors is five
initializers, which calibration replaces: mean, scale, error_mean, whitening
and threshold.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from stillwatch.export.graph import windowing
from stillwatch.export.graph.builder import Graph
from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.scoring.features import COMPRESSION, PUBLISHED, WITH_LEVEL

__all__ = ["Sensors", "answer", "begin", "finish", "scaled_values"]

_MORE_THAN_ANY_WINDOW = 2**24  # the largest count that single precision holds exactly


@dataclass(frozen=True)
class Sensors:
    """What is of particular sensors, and how their alarms are judged.

    mean, scale: (C,), the sensors' units. features: what a step's distance is
    taken of, one of FEATURES, of which there are F. error_mean: (F,),
    whitening: (F, F). score = |(features - error_mean) whitening|^2.
    threshold, count: an alarm is a score above the threshold in a window with
    more than `count` of them.
    """

    mean: Float64
    scale: Float64
    error_mean: Float64
    whitening: Float64
    threshold: float
    count: int
    features: str = PUBLISHED

    @classmethod
    def unknown(cls, channels: int) -> "Sensors":
        """Returns the stand-in before calibration: unit scales, no alarm ever."""
        return cls(
            mean=np.zeros(channels),
            scale=np.ones(channels),
            error_mean=np.zeros(channels),
            whitening=np.eye(channels),
            threshold=LARGEST,
            count=_MORE_THAN_ANY_WINDOW,
        )


def begin(
    sensors: Sensors, window: int, *, plain_inputs: bool, segment: int = 1
) -> tuple[Graph, windowing.Windows, str, str]:
    """Returns a graph up to its windows, how series are cut, the steps and the windows' lengths.

    Names of tensors: steps (T, N, C), scaled units; lengths (N,) int64. The
    scaled series are in the graph as "scaled". segment: T is in whole ones, and
    what pads the last is zero, the sensor's mean.
    """
    graph = Graph(plain_inputs=plain_inputs)
    scaled = scaled_values(graph, sensors)
    graph.input("count", [], np.array(sensors.count))
    windows = windowing.measure(graph, scaled, window, segment)
    windowing.cut(graph, windows, scaled, "windows")
    lengths = windowing.window_lengths(graph, windows)
    steps = graph.node("Transpose", ["windows"], "steps", perm=[1, 0, 2])  # NTC -> TNC
    return graph, windows, steps, lengths


def scaled_values(graph: Graph, sensors: Sensors) -> str:
    """Adds the inputs values, mean, scale and threshold, and returns "scaled" (N, T, C)."""
    channels = len(sensors.mean)
    graph.input("values", ["batch", "time", channels])
    graph.input("mean", ["mean_batch", "mean_time", channels], sensors.mean[None, None])
    graph.input("scale", ["scale_batch", "scale_time", channels], sensors.scale[None, None])
    graph.input("threshold", [], np.array(sensors.threshold))
    centred = graph.node("Sub", ["values", "mean"], "centred")
    return graph.node("Div", [centred, "scale"], "scaled")


def finish(graph: Graph, windows: windowing.Windows, decoded: str, sensors: Sensors) -> None:
    """Adds all outputs, from the reconstruction (T, N, C) of the steps in scaled units."""
    channels = len(sensors.mean)
    by_window = graph.node("Transpose", [decoded], "decoded_windows", perm=[1, 0, 2])
    answer(graph, windowing.join(graph, windows, by_window, "decoded"), sensors)
    _alarm(graph, windows)

    graph.output("score", ["batch", "time"])
    graph.output("alarm", ["batch", "time"], TensorProto.BOOL)
    for name in ("reconstruction", "error", "contribution"):
        graph.output(name, ["batch", "time", channels])


def answer(graph: Graph, decoded: str, sensors: Sensors) -> None:
    """Adds reconstruction, error, contribution and score of `decoded` (N, T, C), scaled units."""
    restored = graph.node("Mul", [decoded, "scale"], "restored")
    graph.node("Add", [restored, "mean"], "reconstruction")
    graph.node("Abs", [graph.node("Sub", ["scaled", decoded], "difference")], "error")
    _score(graph, _features(graph, sensors.features), sensors)


def _features(graph: Graph, kind: str) -> str:
    """Returns the features (N, T, F) of a kind, as scoring/features.py has them in NumPy."""
    if kind == PUBLISHED:
        return "error"
    if kind == WITH_LEVEL:
        return graph.concat(["error", "scaled"], "features", axis=2)
    unit = graph.weight("compression", np.array(COMPRESSION))
    residual, level = (
        graph.node(
            "Mul",
            [
                graph.node(
                    "Asinh", [graph.node("Div", [name, unit], f"{name}_in_units")], f"{name}_asinh"
                ),
                unit,
            ],
            f"{name}_compressed",
        )
        for name in ("difference", "scaled")
    )
    size = graph.node("Abs", [residual], "error_compressed")  # asinh is odd
    return graph.concat([residual, size, level], "features", axis=2)


def _score(graph: Graph, features: str, sensors: Sensors) -> None:
    """Adds contribution and score: the squares of the whitened features, by channel and in all."""
    mean = graph.weight("error_mean", sensors.error_mean)
    off = graph.node("Sub", [features, mean], "features_centred")
    white = graph.node("MatMul", [off, graph.weight("whitening", sensors.whitening)], "whitened")
    blocks = len(sensors.error_mean) // len(sensors.mean)
    if blocks == 1:
        graph.node("Mul", [white, white], "contribution")
    else:
        squared = graph.node("Mul", [white, white], "whitened_squared")
        shape = graph.integers(0, 0, blocks, len(sensors.mean))  # 0: as it is
        by_block = graph.node("Reshape", [squared, shape], "whitened_blocks")
        graph.node("ReduceSum", [by_block, graph.integers(2)], "contribution", keepdims=0)
    graph.node("ReduceSum", ["contribution", graph.integers(2)], "score", keepdims=0)


def _alarm(graph: Graph, windows: windowing.Windows) -> None:
    """Adds alarm: a score above the threshold in a window with more than `count` of them."""
    above = graph.node("Greater", ["score", "threshold"], "above")
    ones = graph.node("Cast", [above], "above_as_float", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", [ones, graph.integers(2)], "above_column")
    by_window = windowing.cut(graph, windows, column, "above_windows")
    total = graph.node("ReduceSum", [by_window, graph.integers(1)], "above_count", keepdims=1)
    enough = graph.node("Greater", [total, "count"], "window_enough")
    enough = graph.node("Cast", [enough], "enough_as_float", to=TensorProto.FLOAT)
    one = graph.integers(1)
    shape = graph.concat([one, windows.length, one], "enough_shape")
    spread = graph.node("Expand", [enough, shape], "enough_by_step")
    joined = windowing.join(graph, windows, spread, "enough_series")
    flat = graph.node("Squeeze", [joined, graph.integers(2)], "enough_flat")
    decided = graph.node("Cast", [flat], "enough", to=TensorProto.BOOL)
    graph.node("And", [above, decided], "alarm")
