"""How one model fares on one machine of the SMD table, under one protocol for all of them."""

import numpy as np

from stillwatch.benchmarks.detection.windows import called_windows, evaluate, hit_rate
from stillwatch.benchmarks.reproductions.smd.document import (
    ERROR,
    LEVEL,
    ROBUST_SCORE,
    CapsuleFigures,
    Figures,
    ScoredFigures,
)
from stillwatch.export.calibrate.calibration import Calibrated, calibrate
from stillwatch.export.calibrate.options import SHRINKAGE, CalibrationOptions
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime.alarms.thresholds import WindowThreshold, window_threshold
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.figures import CapsuleThreshold
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.result import Result
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import WITH_LEVEL
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["RATE", "WINDOW", "judge_capsule", "judge_scores"]

RATE = 0.01  # of normal windows that may be called anomalous
WINDOW = 100


def judge_capsule(base: bytes, name: str, machine: Machine, *, int8: bool) -> list[ScoredFigures]:
    """Returns a row for the robust score, as `calibrate` ships it; in fp32 two for earlier ones.

    These are as they were before it: all held-out rows count, also those that
    look unlike the rest. The network runs once for both, since its errors are
    the same and only the distance differs; the robust score's scaler is another.
    """
    normal = held_out(machine)
    shipped = calibrate(base, name, normal, CalibrationOptions(rate=RATE))
    content = quantize(shipped.content, name) if int8 else shipped.content
    rows, _ = _judged(content, machine, ROBUST_SCORE)
    if int8:
        return [rows]
    options = CalibrationOptions(rate=RATE, features=WITH_LEVEL, keep_all=True)
    earlier = calibrate(base, name, normal, options)
    of_level, result = _judged(earlier.content, machine, LEVEL)
    return [rows, of_level, _published(earlier, result, machine)]


def _judged(content: bytes, machine: Machine, score: str) -> tuple[CapsuleFigures, Result]:
    """Returns the row of a calibrated capsule, and what it says of the test."""
    detector = Detector.from_bytes(content, "the capsule being judged")
    result = detector.score(machine.test)
    figures = judge_scores(
        machine, result.score.astype(np.float64), result.contribution, result.error,
        detector.info.threshold,
    )  # fmt: skip
    return {"score": score, "bytes": len(content), **figures}, result


def _published(calibrated: Calibrated, result: Result, machine: Machine) -> ScoredFigures:
    """Returns the row of the published score, a distance of the errors (T, C) alone."""
    distance = fit_mahalanobis(calibrated.errors, SHRINKAGE)
    rule = window_threshold(distance.score(calibrated.errors), WINDOW, RATE)
    parts = distance.parts(result.error.astype(np.float64))
    return {"score": ERROR, **judge_scores(machine, parts.sum(axis=1), parts, result.error, rule)}


def judge_scores(
    machine: Machine,
    score: Float64,
    contribution: AnyArray,
    error: AnyArray,
    rule: WindowThreshold | CapsuleThreshold,
) -> Figures:
    """Returns a row's figures: how scores (T,) of the test meet its labels, and who is blamed.

    contribution, error: (T, C), by which channels are ranked for HitRate.
    """
    called = called_windows(score, WINDOW, rule.value, rule.count)
    incidents = machine.incidents
    return {
        **evaluate(machine.labels, score, WINDOW, rule.value, rule.count),
        "hit_rate_100": hit_rate(incidents, error, 1.0),
        "hit_rate_150": hit_rate(incidents, error, 1.5),
        "contribution_hit_rate_100": hit_rate(incidents, contribution, 1.0),
        "contribution_hit_rate_150": hit_rate(incidents, contribution, 1.5),
        "called": np.flatnonzero(called).tolist(),
        "windows": len(called),
    }
