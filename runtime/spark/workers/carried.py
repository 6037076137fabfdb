"""What travels to Spark's workers: the capsule's bytes with their digest, and how to score."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import CapsuleError
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.spark.options import SparkOptions

__all__ = ["Carried", "Job", "carried"]

_SESSIONS = 4  # that a worker keeps, by their bytes: more capsules than that are seldom in one job


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A capsule as it travels; opened once in a worker process, however many series it scores."""

    content: bytes = field(repr=False)
    sha256: str
    name: str

    def detector(self) -> Detector:
        """Returns the detector, limited to the task's cores; raises CapsuleError."""
        return _detector(self.content, self.sha256, self.name, _cores())

    def forecaster(self) -> Forecaster:
        """Returns the forecaster, limited to the task's cores; raises CapsuleError."""
        return _forecaster(self.content, self.sha256, self.name, _cores())


@dataclass(frozen=True, kw_only=True)
class Job:
    """How to score: the capsule, the key's columns, and the options."""

    capsule: Carried
    by: tuple[str, ...]
    options: SparkOptions

    def detector_options(self) -> dict[str, Any]:
        """Returns the options that `Detector.score` and `Detector.stream` take."""
        options = self.options
        return {
            "mean": options.mean,
            "scale": options.scale,
            "threshold": options.threshold,
            "stride": options.stride,
        }


def carried(capsule: str | Path | bytes) -> Carried:
    """Returns a capsule as it travels, of its path, a shipped one's name, or its bytes.

    Raises InputError where there is no such file, CapsuleError where it is damaged.
    """
    if isinstance(capsule, bytes):
        content, name = capsule, "the capsule"
        digest.check(content, name)
    else:
        content, name = opening.read_bytes(capsule), str(capsule)
    return Carried(content=content, sha256=hashlib.sha256(content).hexdigest(), name=name)


@lru_cache(maxsize=_SESSIONS)
def _detector(content: bytes, sha256: str, name: str, threads: int) -> Detector:
    _check(content, sha256, name)
    return Detector.from_bytes(content, name, threads=threads)


@lru_cache(maxsize=_SESSIONS)
def _forecaster(content: bytes, sha256: str, name: str, threads: int) -> Forecaster:
    _check(content, sha256, name)
    return Forecaster.from_bytes(content, name, threads=threads)


def _check(content: bytes, sha256: str, name: str) -> None:
    result = hashlib.sha256(content).hexdigest()
    if result != sha256:
        raise CapsuleError(f"{name} was damaged on its way: expected sha256 {sha256}, got {result}")


def _cores() -> int:
    """Returns the cores that Spark gave to this task, 1 outside of one."""
    try:
        from pyspark import TaskContext
    except ImportError:
        return 1
    context = TaskContext.get()
    return 1 if context is None else int(context.cpus())
