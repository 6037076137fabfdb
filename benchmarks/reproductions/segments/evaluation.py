"""How a capsule, or a window's linear projection, fares on a machine: one protocol for all.

The default calibration, on the normal rows that no network has seen; no
labels before the figures.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from stillwatch.benchmarks.detection.alarm_events import alarm_events
from stillwatch.benchmarks.detection.counts import count_points
from stillwatch.benchmarks.detection.vus import vus_pr
from stillwatch.benchmarks.detection.windows import (
    BUFFER,
    called_windows,
    hit_rate,
    labelled_windows,
)
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import ROBUST_SHRINKAGE, CalibrationOptions
from stillwatch.export.calibrate.usual import usual_rows
from stillwatch.runtime.alarms.thresholds import WindowThreshold, window_threshold
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.figures import CapsuleThreshold
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import ROBUST, by_channel, features
from stillwatch.runtime.scoring.scaling import Moments, floored_moments
from stillwatch.runtime.scoring.windows import sliding_windows
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["BUDGET", "WINDOW", "Row", "capsule_row", "events_row", "linear_rows"]

WINDOW = 100
BUDGET = 10  # events a week
PERIOD = 60.0  # seconds a row
_RATE = 0.01  # of normal windows that may be called anomalous
RANK = 8  # of the linear window

Row = dict[str, Any]


def capsule_row(content: bytes, name: str, machine: Machine) -> Row:
    """Returns the figures of a capsule that is calibrated on a machine's held-out rows."""
    calibrated = calibrate(content, name, held_out(machine), CalibrationOptions(rate=_RATE))
    detector = Detector.from_bytes(calibrated.content, name)
    result = detector.score(machine.test)
    score = result.score.astype(np.float64)
    return {
        **_figures(machine, score, result.contribution, detector.info.threshold),
        "bytes": len(calibrated.content),
    }


def events_row(content: bytes, name: str, machine: Machine) -> Row:
    """Returns what an operator gets of a capsule at BUDGET events a week."""
    options = CalibrationOptions(rate=_RATE, period=PERIOD)
    calibrated = calibrate(content, name, machine.train, options)
    detector = Detector.from_bytes(calibrated.content, name)
    result = detector.score(machine.test, threshold=f"budget({BUDGET}/week)")
    return {"machine": machine.name, **vars(alarm_events(machine.labels, result.alarm, PERIOD))}


def linear_rows(machines: Sequence[Machine], unseen: str) -> list[Row]:
    """Returns the figures of a linear window in the network's place, of rank RANK.

    The projection of a channel's window of 100 values onto the first
    principal directions of all channels' windows, of the machines but `unseen`.
    """
    parts = [_windows(_scaled(m.train[: -len(held_out(m))])) for m in machines if m.name != unseen]
    directions = np.linalg.eigh(sum(part.T @ part for part in parts))[1][:, -RANK:]
    return [_linear_row(machine, directions @ directions.T) for machine in machines]


def _linear_row(machine: Machine, projection: Float64) -> Row:
    normal = held_out(machine)

    def decode(moments: Moments) -> tuple[Float64, Float64]:
        scaled = (normal - moments.mean) / moments.scale
        return scaled, _projected(scaled, projection)

    rows = usual_rows(normal, decode, CalibrationOptions())
    seen = rows.features[rows.usual]
    distance = fit_mahalanobis(seen, ROBUST_SHRINKAGE)
    rule = window_threshold(distance.score(seen), WINDOW, _RATE)
    after = (machine.test - rows.moments.mean) / rows.moments.scale
    result = distance.parts(features(ROBUST, after, _projected(after, projection)))
    contribution = by_channel(result, after.shape[1])
    return {
        "machine": machine.name,
        **_figures(machine, contribution.sum(axis=1), contribution, rule),
    }


def _figures(
    machine: Machine,
    score: Float64,
    contribution: AnyArray,
    rule: WindowThreshold | CapsuleThreshold,
) -> Row:
    called = called_windows(score, WINDOW, rule.value, rule.count)
    count = count_points(labelled_windows(machine.labels, WINDOW), called)
    return {
        "f1": count.f1,
        "ap": float(average_precision_score(machine.labels, score)),
        "vus_pr": float(vus_pr(machine.labels, score, BUFFER)),
        "hit_rate_100": hit_rate(machine.incidents, contribution, 1.0),
    }


def _scaled(values: Float64) -> Float64:
    moments = floored_moments(values)
    scaled: Float64 = (values - moments.mean) / moments.scale
    return scaled[:, np.ptp(values, axis=0) > 0]


def _windows(scaled: Float64) -> Float64:
    """Returns the windows (K, 100) of every channel, one after the other."""
    windows: Float64 = sliding_windows(scaled, WINDOW, WINDOW).transpose(0, 2, 1)
    return windows.reshape(-1, WINDOW)


def _projected(scaled: Float64, projection: Float64) -> Float64:
    """Returns scaled values (T, C), projected window by window; the last window overlaps."""
    starts = [*range(0, len(scaled) - WINDOW + 1, WINDOW), len(scaled) - WINDOW]
    decoded = np.empty_like(scaled)
    for start in reversed(starts):  # the overlapping last one first: the others go over it
        decoded[start : start + WINDOW] = projection @ scaled[start : start + WINDOW]
    return decoded
