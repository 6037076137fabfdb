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
    StillwatchError,
)
from stillwatch.runtime.stream import Stream, Verdict

__all__ = [
    "CapsuleError",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "Detector",
    "ExtraError",
    "InputError",
    "Result",
    "StillwatchError",
    "Stream",
    "Verdict",
    "shipped",
]
