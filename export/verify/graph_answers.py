"""What a capsule's graph answers to a whole series, in onnxruntime and by the standard's letter."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx.reference

from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Answer", "by_onnxruntime", "by_reference_evaluator"]


@dataclass(frozen=True)
class Answer:
    """What one framework says of a series: reconstruction (T, C) in scaled units, alarms (T,).

    rounding: how far single precision may have rounded the reconstruction on
    its way out of a graph, (T, C) or 0. score: (T,), where a graph gave one.
    """

    framework: str
    reconstruction: Float64
    alarm: Bool
    rounding: Float64 | float = 0.0
    score: AnyArray | None = None


def by_onnxruntime(
    detector: Detector, values: Float64, moments: Moments, scaled: Float64
) -> Answer:
    """Returns onnxruntime's answer to values (T, C), whose scaled form is `scaled`.

    Alarms are by the trained threshold, which every framework knows, and not
    a judge's.
    """
    given = {"mean": moments.mean[0], "scale": moments.scale[0]}
    result = detector.score(values, **given, threshold="trained")
    decoded, rounding = _in_scaled_units(result.error, result.reconstruction, moments, scaled)
    return Answer("onnxruntime", decoded, result.alarm, rounding, result.score)


def by_reference_evaluator(
    model: str | Path, detector: Detector, values: Float64, moments: Moments, scaled: Float64
) -> Answer:
    """Returns the answer of onnx's reference evaluator, which takes minutes for large networks.

    Raises ExtraError for a graph whose LSTM it computes as if it were another.
    """
    proto = onnx.load_from_string(opening.read_bytes(model))
    if not all(map(_is_evaluated, proto.graph.node)):
        raise ExtraError(
            "it computes every LSTM forward with sigmoid and tanh, whatever its attributes say"
        )
    evaluator = onnx.reference.ReferenceEvaluator(proto)
    info, names = detector.info, detector.model.outputs
    feeds = {"mean": moments.mean[None], "scale": moments.scale[None]}
    feeds["threshold"] = np.array(info.threshold.value)
    if info.state:
        feeds |= {name: np.zeros((1, 1, info.state)) for name in ("h", "c")}
    else:
        feeds["count"] = np.array(info.threshold.count)
    single = {name: array.astype(np.float32) for name, array in feeds.items()}
    parts = []
    step = info.window * 16  # bounds the memory of a folded batch
    for start in range(0, len(values), step):
        part = values[None, start : start + step].astype(np.float32)
        with np.errstate(over="ignore"):  # its sigmoid is 1 / (1 + exp(-x)), right all the same
            parts.append(evaluator.run(list(names), {"values": part, **single}))
    outputs = (np.concatenate(column, axis=1)[0] for column in zip(*parts, strict=True))
    by_name = dict(zip(names, outputs, strict=True))
    decoded, rounding = _in_scaled_units(
        by_name["error"], by_name["reconstruction"], moments, scaled
    )
    name = f"onnx reference evaluator {importlib.metadata.version('onnx')}"
    return Answer(name, decoded, by_name["alarm"], rounding, by_name["score"])


def _is_evaluated(node: onnx.NodeProto) -> bool:
    """Whether the reference evaluator (onnx 1.23) reads all that a node says."""
    said = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return node.op_type != "LSTM" or (
        "activations" not in said and said.get("direction", b"forward") == b"forward"
    )


def _in_scaled_units(
    error: AnyArray, reconstruction: AnyArray, moments: Moments, scaled: Float64
) -> tuple[Float64, Float64]:
    """Returns a graph's reconstruction in scaled units, by the way that rounds less, and how much.

    Single precision rounds the output `reconstruction` by its distance from
    zero in the sensor's units, and `error`, |scaled - reconstruction|, by its
    own size. Neither rounding is a difference between networks.
    """
    by_units = (reconstruction - moments.mean) / moments.scale
    by_error = scaled - np.copysign(error.astype(np.float64), scaled - by_units)
    distance = np.abs(reconstruction) / moments.scale
    decoded = np.where(distance < error, by_units, by_error)
    return decoded, np.finfo(np.float32).eps * np.minimum(distance, error)
