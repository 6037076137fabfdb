"""A fixed threshold against a rolling one, on real series of which some drift.

The fixed one is the 0.99 quantile of held-out normal scores; the rolling one
the runtime's policy `rolling`: the same quantile of the last scores before
each, alarms and all, as a stream has it. Alarms are rows above a threshold: no
window rule for either.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from stillwatch.benchmarks.detection.counts import count_windows
from stillwatch.benchmarks.reproductions.drift.document import Figures, SeedFigures
from stillwatch.export.own_data.chain import build
from stillwatch.runtime.alarms.policies.rolling import rolling_thresholds
from stillwatch.runtime.alarms.policies.rule import Rolling
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.train.data.sets import load_nab
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["HISTORY", "KINDS", "QUANTILE", "SERIES", "Drift", "evaluate_series"]

SERIES = (
    "realKnownCause/machine_temperature_system_failure.csv",
    "realKnownCause/ambient_temperature_system_failure.csv",
    "realKnownCause/cpu_utilization_asg_misconfiguration.csv",
    "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv",
)
QUANTILE = 0.99
KINDS: tuple[Literal["fixed", "rolling"], ...] = ("fixed", "rolling")
HISTORY = 1000  # scores that the rolling quantile is of

_CONFIG = SensorConfig(units=16, layers=1, window=50, batch=32, epochs=30, learning_rate=3e-3)
_TRAINING_SHARE = 0.4
_PARTS = 4  # of the test, to show how normal rows fare as it goes on


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One series: figures for the table, and what its picture needs."""

    name: str
    figures: SeedFigures
    score: Float64
    thresholds: dict[str, Float64]
    windows: tuple[tuple[int, int], ...]


def evaluate_series(name: str, seed: int, out: Path) -> Drift:
    """Returns how both thresholds fare on one series of NAB; the network is kept in `out`."""
    from stillwatch.train.families.sensor.recipe import (
        train_sensor,  # MXNet takes seconds to import
    )

    series = load_nab(name)
    end = int(len(series.values) * _TRAINING_SHARE)
    recording = Recording(name=name, channels=("value",), segments=series.normal_segments(end))
    folder = out / f"{Path(name).stem}-{seed}"
    train_sensor(recording, dataclasses.replace(_CONFIG, seed=seed), folder)
    chain = build(folder, recording)
    score = chain.detector.score(series.values[end:, None]).score.astype(np.float64)
    before = chain.result.score.astype(np.float64)
    thresholds = {
        "fixed": np.full(len(score), np.quantile(before, QUANTILE)),
        "rolling": _rolling(before[-HISTORY:], score),
    }
    windows = tuple((a - end, b - end) for a, b in series.windows if a >= end)
    inside = series.in_windows()[end:]
    figures: SeedFigures = {
        "series": name,
        "seed": seed,
        "rows": len(score),
        "windows": len(windows),
        "fixed": _figures(score > thresholds["fixed"], windows, inside),
        "rolling": _figures(score > thresholds["rolling"], windows, inside),
    }
    return Drift(name=name, figures=figures, score=score, thresholds=thresholds, windows=windows)


def _rolling(before: Float64, score: Float64) -> Float64:
    """Returns the policy's thresholds (T,) of scores (T,), begun with the scores before them."""
    policy = Rolling(QUANTILE, len(before))
    thresholds: Float64 = rolling_thresholds(score[None], before[None], policy, np.inf)[0]
    return thresholds


def _figures(alarm: Bool, windows: tuple[tuple[int, int], ...], inside: AnyArray) -> Figures:
    """Returns windows found, the share of labelled and of normal rows called, the last by part."""
    shares = [
        float(called[~labelled].mean())
        for called, labelled in zip(
            np.array_split(alarm, _PARTS), np.array_split(inside, _PARTS), strict=True
        )
        if not labelled.all()
    ]
    return {
        "found": count_windows(windows, alarm).tp,
        "labelled_called": float(alarm[inside].mean()),
        "normal_called": float(alarm[~inside].mean()),
        "normal_called_by_part": shares,
    }
