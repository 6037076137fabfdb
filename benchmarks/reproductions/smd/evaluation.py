"""How one model fares on one machine of the SMD table, under one protocol for all of them."""

import numpy as np

from stillwatch.benchmarks.detection.windows import called_windows, evaluate, hit_rate
from stillwatch.benchmarks.reproductions.smd.document import CapsuleFigures, Figures, ScoredFigures
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import SHRINKAGE, CalibrationOptions
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime.alarms.thresholds import WindowThreshold, window_threshold
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.figures import CapsuleThreshold
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import WITH_LEVEL
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["RATE", "WINDOW", "judge_capsule", "judge_scores"]

RATE = 0.01  # of normal windows that may be called anomalous
WINDOW = 100


def judge_capsule(base: bytes, name: str, machine: Machine, *, int8: bool) -> list[ScoredFigures]:
    """Returns a row for the error with the level beside it, and in fp32 one for the error alone.

    The network runs once: its errors are the same, only the distance differs.
    """
    calibrated = calibrate(
        base, name, held_out(machine), CalibrationOptions(rate=RATE, features=WITH_LEVEL)
    )
    content = quantize(calibrated.content, name) if int8 else calibrated.content
    detector = Detector.from_bytes(content, "the capsule being judged")
    result = detector.score(machine.test)
    score = result.score.astype(np.float64)
    row = judge_scores(machine, score, result.error, detector.info.threshold)
    whole: CapsuleFigures = {"score": "error and level", "bytes": len(content), **row}
    rows: list[ScoredFigures] = [whole]
    if not int8:
        distance = fit_mahalanobis(calibrated.errors, SHRINKAGE)
        rule = window_threshold(distance.score(calibrated.errors), WINDOW, RATE)
        score = distance.score(result.error.astype(np.float64))
        rows.append({"score": "error", **judge_scores(machine, score, result.error, rule)})
    return rows


def judge_scores(
    machine: Machine, score: Float64, error: AnyArray, rule: WindowThreshold | CapsuleThreshold
) -> Figures:
    """Returns a row's figures: how scores (T,) and errors (T, C) of the test meet its labels."""
    called = called_windows(score, WINDOW, rule.value, rule.count)
    return {
        **evaluate(machine.labels, score, WINDOW, rule.value, rule.count),
        "hit_rate_100": hit_rate(machine.incidents, error, 1.0),
        "hit_rate_150": hit_rate(machine.incidents, error, 1.5),
        "called": np.flatnonzero(called).tolist(),
        "windows": len(called),
    }
