"""Runs one checkpoint in every framework at hand, and says how far apart they are.

MXNet is the origin, onnxruntime what will run at the edge; onnx's reference
evaluator reads the same graph by the letter of the standard, and the plain
NumPy network shares neither code nor graph with any of them. This module is
the one of this folder that may reach MXNet, and only where it is installed.
"""

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx.reference

from stillwatch.export.golden import TOLERANCE
from stillwatch.export.reference import nab_rds_reconstruction
from stillwatch.runtime import capsule
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.contract import OUTPUTS
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.runtime.scaling import Moments, series_moments
from stillwatch.runtime.scoring import squared_error
from stillwatch.runtime.table import read_table
from stillwatch.train.checkpoint import load_checkpoint
from stillwatch.train.config import NabRdsConfig

__all__ = ["Agreement", "Answer", "compare", "report", "run"]


@dataclass(frozen=True)
class Answer:
    """What one framework says of a series: reconstruction (T, 1) in scaled units, alarms (T,)."""

    framework: str
    reconstruction: Float64
    alarm: Bool


@dataclass(frozen=True)
class Agreement:
    """How far a framework is from onnxruntime: largest and mean difference, alarms flipped."""

    framework: str
    largest: float
    mean: float
    flips: int

    @property
    def passed(self) -> bool:
        """Whether the difference is within single precision and no alarm flips."""
        return self.largest <= TOLERANCE and self.flips == 0


def compare(
    model: str | Path, folder: Path, values: Float64
) -> tuple[list[Agreement], dict[str, str]]:
    """Returns each framework's agreement with onnxruntime on a series (T, 1), and who was absent.

    The series is scaled with its own moments, as the published recipe does.
    The second answer maps each framework that is not installed to the reason.
    """
    moments = series_moments(values)
    reference, *others = _answers(Path(model), folder, values, moments)
    absent = {}
    try:
        others.append(_mxnet(folder, values, moments, Detector.load(model)))
    except (ExtraError, ModuleNotFoundError) as error:
        absent["MXNet"] = str(error)
    return [_agreement(reference, answer) for answer in others], absent


def run(model: str, folder: Path, series: Path | None) -> bool:
    """Prints the comparison; returns whether every framework agrees."""
    if series is not None:
        name, values = str(series), read_table(series, ["value"], None).values
    else:
        from stillwatch.train.data import RDS_TEST, load_nab

        test = load_nab(RDS_TEST)
        name, values = test.name, test.values[:, None]
    agreements, absent = compare(model, folder, values)
    print(f"against onnxruntime {_version('onnxruntime')} on {name}, {len(values)} values:")
    for line in report(agreements, absent):
        print(f"  {line}")
    return all(agreement.passed for agreement in agreements)


def report(agreements: list[Agreement], absent: dict[str, str]) -> list[str]:
    """Returns the comparison as lines of text."""
    lines = [
        f"{a.framework:<30} largest {a.largest:.2g}, mean {a.mean:.2g} in reconstruction (scaled), "
        f"{a.flips} alarms flipped: {'passed' if a.passed else 'FAILED'}"
        for a in agreements
    ]
    return lines + [f"{name:<30} not compared: {why}" for name, why in absent.items()]


def _answers(model: Path, folder: Path, values: Float64, moments: Moments) -> list[Answer]:
    """Returns the answers of onnxruntime, of onnx's reference evaluator and of NumPy."""
    detector = Detector.load(model)
    checkpoint, weights = load_checkpoint(folder)
    if not isinstance(checkpoint.config, NabRdsConfig):
        raise InputError(f"frameworks are compared for nab-rds so far, not {checkpoint.family}")
    if checkpoint.family != detector.info.family:
        raise InputError(
            f"{model} is of family {detector.info.family}, {folder} of {checkpoint.family}"
        )
    (_, alarm, reconstruction, _), _ = detector.run(values, moments)
    answers = [Answer("onnxruntime", (reconstruction - moments.mean) / moments.scale, alarm)]

    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(capsule.read_bytes(model)))
    zero_state = np.zeros((1, detector.info.state))
    feeds = {
        "values": values,
        "mean": moments.mean,
        "scale": moments.scale,
        "h": zero_state,
        "c": zero_state,
    }
    outputs = evaluator.run(
        list(OUTPUTS),
        {
            "threshold": np.array(detector.info.threshold["value"], np.float32),
            **{name: array[None].astype(np.float32) for name, array in feeds.items()},
        },
    )
    by_name = dict(zip(OUTPUTS, outputs, strict=True))
    answers.append(
        Answer(
            f"onnx reference evaluator {_version('onnx')}",
            (by_name["reconstruction"][0] - moments.mean) / moments.scale,
            by_name["alarm"][0],
        )
    )
    scaled = (values - moments.mean) / moments.scale
    decoded = nab_rds_reconstruction(checkpoint, weights, scaled)
    answers.append(_judged(f"NumPy {_version('numpy')}, float64", scaled, decoded, detector))
    return answers


def _mxnet(folder: Path, values: Float64, moments: Moments, detector: Detector) -> Answer:
    from stillwatch.train.nab_rds import load_network, reconstruct

    checkpoint, _ = load_checkpoint(folder)
    assert isinstance(checkpoint.config, NabRdsConfig)  # noqa: S101  (_answers has looked)
    net = load_network(folder, checkpoint.config)
    scaled = (values - moments.mean) / moments.scale
    decoded = reconstruct(net, scaled.astype(np.float32), checkpoint.config.window)
    return _judged(f"MXNet {_version('mxnet')}", scaled, decoded.astype(np.float64), detector)


def _judged(name: str, scaled: Float64, decoded: Float64, detector: Detector) -> Answer:
    alarm = squared_error(scaled, decoded) > detector.info.threshold["value"]
    return Answer(name, decoded, alarm)


def _agreement(reference: Answer, answer: Answer) -> Agreement:
    difference = np.abs(answer.reconstruction - reference.reconstruction)
    return Agreement(
        framework=answer.framework,
        largest=float(difference.max()),
        mean=float(difference.mean()),
        flips=int((answer.alarm != reference.alarm).sum()),
    )


_version: Callable[[str], str] = importlib.metadata.version
