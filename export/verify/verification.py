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

from stillwatch.export.capsule.golden import TOLERANCE
from stillwatch.export.families.table import FAMILIES
from stillwatch.export.verify.graph_answers import Answer, by_onnxruntime, by_reference_evaluator
from stillwatch.export.verify.scorers import Judgement, as_graphs_scale, judgement
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.runtime.tables.table import read_table
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.table import family_module

__all__ = ["Agreement", "compare", "report", "run"]


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
        _judged(f"NumPy {_version('numpy')}, float64", scaled, case.reconstruct(scaled), case)
    ]
    absent = {}
    try:
        others.append(by_reference_evaluator(model, detector, values, moments, scaled))
    except ExtraError as error:
        absent["onnx reference evaluator"] = str(error)
    try:
        others.append(
            _judged(
                f"MXNet {_version('mxnet')}",
                scaled,
                _gluon(folder, scaled, detector.info.horizon),
                case,
            )
        )
    except (ExtraError, ModuleNotFoundError) as error:
        absent["MXNet"] = str(error)
    return [_agreement(reference, answer) for answer in others], absent


def run(model: str, folder: Path, series: Path | None) -> bool:
    """Prints the comparison; returns whether every framework agrees."""
    info = Detector.load(model).info
    if series is not None:
        name, values = str(series), read_table(series, info.channel_names, None).values
    elif info.family in FAMILIES and (test_series := FAMILIES[info.family].test_series):
        test = test_series()
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


def _gluon(folder: Path, scaled: Float64, ahead: int) -> Float64:
    """Returns the reconstruction of scaled values (T, C) by the checkpoint's Gluon network.

    ahead: as CapsuleInfo's horizon. Raises ExtraError where the network cannot say.
    """
    if ahead > 1:
        raise ExtraError("Gluon's LSTM gives its cells of the last row alone, so one row ahead")
    checkpoint, _ = load_checkpoint(folder)
    single = scaled.astype(np.float32)
    recipe = family_module(checkpoint.family, "recipe")
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
