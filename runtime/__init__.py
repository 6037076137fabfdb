"""Scores time series with stillwatch capsules; needs numpy and onnxruntime, nothing else."""

from stillwatch.runtime.capsule import shipped
from stillwatch.runtime.detector import Detector, Result
from stillwatch.runtime.errors import (
    CapsuleError,
    CheckpointError,
    ConfigError,
    DataError,
    ExtraError,
    InputError,
    SnapshotError,
    StillwatchError,
)
from stillwatch.runtime.fleet import Fleet
from stillwatch.runtime.stream import Stream, Verdict

__all__ = [
    "CapsuleError",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "Detector",
    "ExtraError",
    "Fleet",
    "InputError",
    "Result",
    "SnapshotError",
    "StillwatchError",
    "Stream",
    "Verdict",
    "shipped",
]
