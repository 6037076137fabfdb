"""Runs one checkpoint in every framework at hand, and says how far apart they are.

MXNet is the origin, onnxruntime what will run at the edge; onnx's reference
evaluator reads the same graph by the letter of the standard, and the plain
NumPy network shares neither code nor graph with any of them. This module is
the one of this folder that may reach MXNet, and only where it is installed.
"""

import importlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx.reference

from stillwatch.export.families import RECIPES
from stillwatch.export.golden import TOLERANCE
from stillwatch.export.judges import Judgement, as_graphs_scale, judgement
from stillwatch.runtime import capsule
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.contract import OUTPUTS
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.runtime.scaling import Moments
from stillwatch.runtime.table import read_table
from stillwatch.train.checkpoint import load_checkpoint

__all__ = [
    "Agreement",
    "Answer",
    "by_onnxruntime",
    "by_reference_evaluator",
    "compare",
    "report",
    "run",
]


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


@dataclass(frozen=True)
class Agreement:
    """How far a framework is from onnxruntime: largest and mean difference, alarms flipped.

    beyond_rounding: the largest difference that the rounding of a graph's
    outputs does not explain.
    """

    framework: str
    largest: float
    mean: float
    flips: int
    beyond_rounding: float

    @property
    def passed(self) -> bool:
        """Whether the networks agree within single precision and no alarm flips."""
        return self.beyond_rounding <= TOLERANCE and self.flips == 0


def compare(
    model: str | Path, folder: Path, values: Float64
) -> tuple[list[Agreement], dict[str, str]]:
    """Returns each framework's agreement with onnxruntime on a series (T, C), and who was absent.

    nab-rds scales the series with its own moments, as the published recipe
    does. Rows at the end that fill no window are left out where whole windows
    are wanted. The second answer maps each framework that is not installed
    to the reason.
    """
    detector = Detector.load(model)
    if not detector.info.state:
        values = values[: len(values) // detector.info.window * detector.info.window]
    moments, scaled = as_graphs_scale(values, detector.info)
    case = judgement(model, folder, detector.info)
    reference = by_onnxruntime(detector, values, moments, scaled)
    others = [
        by_reference_evaluator(model, detector, values, moments, scaled),
        _judged(f"NumPy {_version('numpy')}, float64", scaled, case.reconstruct(scaled), case),
    ]
    absent = {}
    try:
        others.append(_judged(f"MXNet {_version('mxnet')}", scaled, _gluon(folder, scaled), case))
    except (ExtraError, ModuleNotFoundError) as error:
        absent["MXNet"] = str(error)
    return [_agreement(reference, answer) for answer in others], absent


def run(model: str, folder: Path, series: Path | None) -> bool:
    """Prints the comparison; returns whether every framework agrees."""
    info = Detector.load(model).info
    if series is not None:
        name, values = str(series), read_table(series, info.channel_names, None).values
    elif info.family == "nab-rds":
        from stillwatch.train.data import RDS_TEST, load_nab

        test = load_nab(RDS_TEST)
        name, values = test.name, test.values[:, None]
    else:
        raise InputError(f"expected --series for a capsule of family {info.family}")
    agreements, absent = compare(model, folder, values)
    print(f"against onnxruntime {_version('onnxruntime')} on {name}, {len(values)} rows:")
    for line in report(agreements, absent):
        print(f"  {line}")
    return all(agreement.passed for agreement in agreements)


def report(agreements: list[Agreement], absent: dict[str, str]) -> list[str]:
    """Returns the comparison as lines of text."""
    lines = [
        f"{a.framework:<32} largest {a.largest:.2g} ({a.beyond_rounding:.2g} beyond the rounding "
        f"of outputs), mean {a.mean:.2g} in reconstruction (scaled), {a.flips} alarms flipped: "
        f"{'passed' if a.passed else 'FAILED'}"
        for a in agreements
    ]
    return lines + [f"{name:<32} not compared: {why}" for name, why in absent.items()]


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


def by_onnxruntime(
    detector: Detector, values: Float64, moments: Moments, scaled: Float64
) -> Answer:
    """Returns onnxruntime's answer to values (T, C), whose scaled form is `scaled`."""
    given = {"mean": moments.mean[0], "scale": moments.scale[0]}
    result = detector.score(values, **given)
    decoded, rounding = _in_scaled_units(result.error, result.reconstruction, moments, scaled)
    return Answer("onnxruntime", decoded, result.alarm, rounding, result.score)


def by_reference_evaluator(
    model: str | Path, detector: Detector, values: Float64, moments: Moments, scaled: Float64
) -> Answer:
    """Returns the answer of onnx's reference evaluator, which takes minutes for large networks."""
    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(capsule.read_bytes(model)))
    info = detector.info
    feeds = {"mean": moments.mean[None], "scale": moments.scale[None]}
    feeds["threshold"] = np.array(info.threshold["value"])
    if info.state:
        feeds |= {name: np.zeros((1, 1, info.state)) for name in ("h", "c")}
    else:
        feeds["count"] = np.array(info.threshold.get("count", 0))
    single = {name: array.astype(np.float32) for name, array in feeds.items()}
    parts = []
    step = info.window * 16  # bounds the memory of a folded batch
    for start in range(0, len(values), step):
        part = values[None, start : start + step].astype(np.float32)
        with np.errstate(over="ignore"):  # its sigmoid is 1 / (1 + exp(-x)), right all the same
            parts.append(evaluator.run(list(OUTPUTS), {"values": part, **single}))
    outputs = (np.concatenate(column, axis=1)[0] for column in zip(*parts, strict=True))
    by_name = dict(zip(OUTPUTS, outputs, strict=True))
    decoded, rounding = _in_scaled_units(
        by_name["error"], by_name["reconstruction"], moments, scaled
    )
    name = f"onnx reference evaluator {_version('onnx')}"
    return Answer(name, decoded, by_name["alarm"], rounding, by_name["score"])


def _gluon(folder: Path, scaled: Float64) -> Float64:
    """Returns the reconstruction of scaled values (T, C) by the checkpoint's Gluon network."""
    checkpoint, _ = load_checkpoint(folder)
    single = scaled.astype(np.float32)
    recipe = importlib.import_module(RECIPES[checkpoint.family])
    net = recipe.load_network(folder)
    decoded: Float64 = recipe.reconstruct(net, single, checkpoint.config).astype(np.float64)
    return decoded


def _judged(name: str, scaled: Float64, decoded: Float64, case: Judgement) -> Answer:
    return Answer(name, decoded, case.alarm(scaled, decoded))


def _agreement(reference: Answer, answer: Answer) -> Agreement:
    difference = np.abs(answer.reconstruction - reference.reconstruction)
    return Agreement(
        framework=answer.framework,
        largest=float(difference.max()),
        beyond_rounding=float((difference - reference.rounding - answer.rounding).clip(0).max()),
        mean=float(difference.mean()),
        flips=int((answer.alarm != reference.alarm).sum()),
    )


_version: Callable[[str], str] = importlib.metadata.version
