"""Detectors of today's graphs, built in memory: the shipped files may be an older export's."""

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime import Detector
from stillwatch.runtime.scoring.model import Model
from stillwatch.runtime.scoring.scaling import ScalingPolicy
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from support.repeat_vectors import detector_of, make_capsule, normal_rows

HISTORY = 288  # of nab_rds("rolling(288)")
WINDOW = 20  # of the windowed detectors
ROWS = 130  # of test data: some windows and a rest
KINDS = (("independent", 1), ("independent", 3), ("joint", 3))
_CHECKPOINT = (
    Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "nab-rds" / "checkpoint"
)


@cache
def nab_rds(scaling: str) -> Detector:
    """The trained model under one of the policies that it is calibrated for."""
    return detector_of(nab_rds_capsule(scaling))


@cache
def nab_rds_capsule(scaling: str) -> bytes:
    return build_capsule(*load_checkpoint(_CHECKPOINT), scaling)


@cache
def windowed(mode: str, channels: int) -> Detector:
    """A calibrated windowed model of random weights that calls many windows anomalous."""
    return detector_of(windowed_capsule(mode, channels))


@cache
def windowed_capsule(mode: str, channels: int) -> bytes:
    config = RepeatVectorConfig(units=5, channels=mode, window=WINDOW)
    made = make_capsule(config, channels)
    normal = normal_rows(600, channels)
    return calibrate(made, "made up", normal, CalibrationOptions(rate=0.3)).content


@cache
def windowed_rolling(history: int) -> Detector:
    """A windowed model of 3 joint channels that scales by the rows before each row."""
    return changed(windowed("joint", 3), scaling=ScalingPolicy("rolling", history))


def changed(detector: Detector, **figures: Any) -> Detector:
    """The detector with other figures in what its capsule says of itself."""
    model = detector.model
    info = dataclasses.replace(model.info, **figures)
    return Detector(Model(model.session, info, model.digest))
