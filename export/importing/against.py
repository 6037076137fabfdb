"""An import beside its original: the capsule in onnxruntime, the file in its own framework."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.importing.importing import understand_file
from stillwatch.export.importing.originals import Original, original
from stillwatch.export.importing.understood import Options
from stillwatch.export.verify.scorers import as_graphs_scale, judgement
from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.checkpoint import load_checkpoint

__all__ = ["TOLERANCE", "Beside", "compare_random", "compare_series"]

# Scaled units, as for every framework: single precision through some hundred recurrent steps.
TOLERANCE = 1e-5
_WINDOWS = 64


@dataclass(frozen=True)
class Beside:
    """How far an import is from its original. flips: alarms, None where none can be raised yet.

    largest, mean: of reconstructions, scaled units.
    """

    what: str
    rows: int
    largest: float
    mean: float
    flips: int | None

    @property
    def passed(self) -> bool:
        """Whether both are one network in single precision, and no alarm flips."""
        return self.largest <= TOLERANCE and not self.flips


def compare_random(folder: Path, file: Path, renamed: dict[str, str]) -> Beside:
    """Returns the difference on random windows of unit deviation; raises as an import does."""
    checkpoint, weights = load_checkpoint(folder)
    count, window = len(checkpoint.channels), checkpoint.config.window
    drawn = np.random.default_rng(0).normal(0, 1, (_WINDOWS, window, count)).astype(np.float32)
    detector = Detector.from_bytes(build_capsule(checkpoint, weights), str(folder))
    ours = detector.score(drawn, mean=np.zeros(count), scale=np.ones(count)).reconstruction
    theirs = _original(folder, file, renamed)(drawn)
    return _beside("random windows", ours.astype(np.float64), theirs, None)


def compare_series(
    model: str | Path, folder: Path, file: Path, values: Float64, renamed: dict[str, str]
) -> Beside:
    """Returns the difference on a series (T, C) in the sensors' units, and the alarms that flip.

    model: the capsule that was exported from the checkpoint in `folder`, or
    calibrated. Rows at the end that fill no window are left out.
    """
    detector = Detector.load(model)
    window = detector.info.window
    if len(values) < window:
        raise InputError(f"expected at least {window} rows, a window, got {len(values)}")
    values = values[: len(values) // window * window]
    moments, scaled = as_graphs_scale(values, detector.info)
    case = judgement(model, folder, detector.info)
    result = detector.score(values, mean=moments.mean[0], scale=moments.scale[0])
    ours = (result.reconstruction - moments.mean) / moments.scale
    windows = scaled.astype(np.float32).reshape(-1, window, values.shape[1])
    theirs = _original(folder, file, renamed)(windows).reshape(values.shape)
    flips = int((case.alarm(scaled, theirs) != result.alarm).sum())
    return _beside("the series", ours, theirs, flips)


def _original(folder: Path, file: Path, renamed: dict[str, str]) -> Original:
    """Returns the file's network, read as the checkpoint in `folder` says it was understood."""
    checkpoint, _ = load_checkpoint(folder)
    options = Options(family=checkpoint.family, window=checkpoint.config.window)
    result = understand_file(file, options, renamed)
    understood = result.understood
    run = original(file, folder, result.framework, understood)
    # A network of one channel serves any number of independent ones, each by itself.
    return run if understood.channels > 1 else lambda windows: _by_channel(run, windows)


def _by_channel(run: Original, windows: Float32) -> Float64:
    n, t, c = windows.shape
    folded = windows.transpose(0, 2, 1).reshape(n * c, t, 1)  # NTC -> (NC)T1
    answers: Float64 = run(np.ascontiguousarray(folded)).reshape(n, c, t).transpose(0, 2, 1)
    return answers


def _beside(what: str, ours: Float64, theirs: Float64, flips: int | None) -> Beside:
    difference = np.abs(ours - theirs)
    rows = int(np.prod(ours.shape[:-1]))
    return Beside(what, rows, float(difference.max()), float(difference.mean()), flips)
