"""The graph of the repeat-vector autoencoders: teacher, student and micro-students.

    values -> scaled -> windows -> encoder -> last hidden state, repeated -> decoder -> dense
           -> error -> Mahalanobis distance -> score -> alarm

With independent channels each is a sequence of its own, folded into the
batch, and nothing in the network knows how many there are: the same weights
serve any number. What is of particular sensors is five initializers, which
calibration replaces: mean, scale, error_mean, whitening and threshold.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from stillwatch.export import fold
from stillwatch.export.graph import Graph
from stillwatch.export.lstm import LstmLayer, lstm_shapes
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.train.config import RepeatVectorConfig

__all__ = ["DECODERS", "Sensors", "Weights", "expected_shapes", "repeat_vector_graph"]


# "plain": as it is defined. "projected": its repeated input is projected once, which saves up to a
# third of the time of a call with few sequences, and takes memory by their number squared.
DECODERS = ("plain", "projected")

_MORE_THAN_ANY_WINDOW = 2**24  # the largest count that single precision holds exactly


@dataclass(frozen=True)
class Weights:
    """The network's layers: encoder and decoder, then dense (C, H) and its bias (C,)."""

    encoder: tuple[LstmLayer, ...]
    decoder: tuple[LstmLayer, ...]
    dense_weight: AnyArray
    dense_bias: AnyArray


@dataclass(frozen=True)
class Sensors:
    """What is of particular sensors, and how their alarms are judged.

    mean, scale: (C,), the sensors' units. error_mean: (F,), whitening:
    (F, F), where F is C, or 2 C with `level`: a step's features are the
    absolute errors of the channels and, with `level`, the scaled values
    themselves. score = |(features - error_mean) whitening|^2. threshold, count:
    an alarm is a score above the threshold in a window with more than
    `count` of them.
    """

    mean: Float64
    scale: Float64
    error_mean: Float64
    whitening: Float64
    threshold: float
    count: int

    @classmethod
    def unknown(cls, channels: int, *, level: bool) -> "Sensors":
        """Returns the stand-in before calibration: unit scales, no alarm ever."""
        features = channels * (1 + level)
        return cls(
            mean=np.zeros(channels),
            scale=np.ones(channels),
            error_mean=np.zeros(features),
            whitening=np.eye(features),
            threshold=float(np.finfo(np.float32).max),
            count=_MORE_THAN_ANY_WINDOW,
        )


def expected_shapes(config: RepeatVectorConfig, channels: int) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that the family has, no more and no fewer."""
    width = 1 if config.channels == "independent" else channels
    shapes: dict[str, tuple[int, ...]] = {
        "dense.weight": (width, config.units),
        "dense.bias": (width,),
    }
    for block, first in (("encoder", width), ("decoder", config.units)):
        for layer in range(config.layers):
            inputs = config.units if layer else first
            shapes |= lstm_shapes(block, layer, inputs=inputs, units=config.units)
    return shapes


def repeat_vector_graph(
    config: RepeatVectorConfig,
    weights: Weights,
    sensors: Sensors,
    *,
    level: bool,
    plain_inputs: bool = False,
    decoder: str = "plain",
) -> Graph:
    """Returns the whole detector as a graph; decoder: one of DECODERS."""
    channels = len(sensors.mean)
    graph = Graph(plain_inputs=plain_inputs)
    graph.input("values", ["batch", "time", channels])
    graph.input("mean", ["mean_batch", "mean_time", channels], sensors.mean[None, None])
    graph.input("scale", ["scale_batch", "scale_time", channels], sensors.scale[None, None])
    graph.input("threshold", [], np.array(sensors.threshold))
    graph.input("count", [], np.array(sensors.count))

    centred = graph.node("Sub", ["values", "mean"], "centred")
    scaled = graph.node("Div", [centred, "scale"], "scaled")
    windows = fold.measure(graph, scaled, config.window)
    fold.cut(graph, windows, scaled, "windows")
    lengths = fold.window_lengths(graph, windows)
    steps = graph.node("Transpose", ["windows"], "steps", perm=[1, 0, 2])  # NTC -> TNC
    if config.channels == "independent":
        steps, lengths = _fold_channels(graph, windows, steps, lengths)
    decoded = _network(graph, windows, weights, steps, lengths, decoder)
    if config.channels == "independent":
        sizes = [windows.length, graph.integers(-1), "windows_channels"]
        shape = graph.concat(sizes, "channels_apart_shape")
        decoded = graph.node("Reshape", [decoded, shape], "decoded_channels")
    by_window = graph.node("Transpose", [decoded], "decoded_windows", perm=[1, 0, 2])
    decoded = fold.join(graph, windows, by_window, "decoded")

    restored = graph.node("Mul", [decoded, "scale"], "restored")
    graph.node("Add", [restored, "mean"], "reconstruction")
    error = graph.node("Abs", [graph.node("Sub", [scaled, decoded], "difference")], "error")
    features = graph.concat([error, scaled], "features", axis=2) if level else error
    _score(graph, windows, features, sensors)

    graph.output("score", ["batch", "time"])
    graph.output("alarm", ["batch", "time"], TensorProto.BOOL)
    graph.output("reconstruction", ["batch", "time", channels])
    graph.output("error", ["batch", "time", channels])
    return graph


def _fold_channels(
    graph: Graph, windows: fold.Windows, steps: str, lengths: str
) -> tuple[str, str]:
    """Returns steps (T, N * C, 1) and lengths (N * C,): every channel a sequence of its own."""
    one, any_ = graph.integers(1), graph.integers(-1)
    folded = graph.concat([windows.length, any_, one], "channels_folded_shape")
    steps = graph.node("Reshape", [steps, folded], "steps_by_channel")
    column = graph.node("Unsqueeze", [lengths, one], "lengths_column")
    wide = graph.concat([one, "windows_channels"], "lengths_wide_shape")
    repeated = graph.node("Expand", [column, wide], "lengths_wide")
    return steps, graph.node("Reshape", [repeated, any_], "lengths_by_channel")


def _network(
    graph: Graph, windows: fold.Windows, weights: Weights, steps: str, lengths: str, decoder: str
) -> str:
    """Returns the reconstruction of steps (T, N, C), in the same layout."""
    lengths = fold.as_lengths(graph, lengths, "lengths")
    hidden, last = steps, ""
    for number, layer in enumerate(weights.encoder):
        hidden, last = _lstm(graph, layer, f"encoder{number}", hidden, lengths)
    one = graph.integers(1)
    times = graph.concat([windows.length, one, one], "repeat_shape")
    first, *others = weights.decoder
    if decoder == "projected":
        hidden = _projected(graph, first, last, times)
    else:
        hidden, _ = _lstm(
            graph, first, "decoder0", graph.node("Expand", [last, times], "repeated"), ""
        )
    for number, layer in enumerate(others, start=1):
        hidden, _ = _lstm(graph, layer, f"decoder{number}", hidden, "")
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
    return _lstm(graph, layer, "decoder0", steps, "", projections)[0]


def _lstm(
    graph: Graph, layer: LstmLayer, name: str, steps: str, lengths: str, projected: str = ""
) -> tuple[str, str]:
    """Returns the hidden states (T, N, H) and the last one (1, N, H) of steps (T, N, C).

    projected: what stands in W's place.
    """
    parts = zip("WRB", layer.onnx_tensors(), strict=True)
    tensors = [graph.weight(f"{name}_{part}", tensor) for part, tensor in parts]
    tensors[0] = projected or tensors[0]
    outputs = [f"{name}_all", f"{name}_last"]
    hidden, last = graph.nodes("LSTM", [steps, *tensors, lengths], outputs, hidden_size=layer.units)
    return graph.node("Squeeze", [hidden, graph.integers(1)], f"{name}_hidden"), last


def _score(graph: Graph, windows: fold.Windows, features: str, sensors: Sensors) -> None:
    """Adds score and alarm: (e - mu)^T Sigma^-1 (e - mu), with Sigma^-1 = whitening whitening^T."""
    mean = graph.weight("error_mean", sensors.error_mean)
    off = graph.node("Sub", [features, mean], "features_centred")
    white = graph.node("MatMul", [off, graph.weight("whitening", sensors.whitening)], "whitened")
    squared = graph.node("Mul", [white, white], "whitened_squared")
    graph.node("ReduceSum", [squared, graph.integers(2)], "score", keepdims=0)

    above = graph.node("Greater", ["score", "threshold"], "above")
    ones = graph.node("Cast", [above], "above_as_float", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", [ones, graph.integers(2)], "above_column")
    by_window = fold.cut(graph, windows, column, "above_windows")
    total = graph.node("ReduceSum", [by_window, graph.integers(1)], "above_count", keepdims=1)
    enough = graph.node("Greater", [total, "count"], "window_enough")
    enough = graph.node("Cast", [enough], "enough_as_float", to=TensorProto.FLOAT)
    one = graph.integers(1)
    shape = graph.concat([one, windows.length, one], "enough_shape")
    spread = graph.node("Expand", [enough, shape], "enough_by_step")
    joined = fold.join(graph, windows, spread, "enough_series")
    flat = graph.node("Squeeze", [joined, graph.integers(2)], "enough_flat")
    decided = graph.node("Cast", [flat], "enough", to=TensorProto.BOOL)
    graph.node("And", [above, decided], "alarm")
