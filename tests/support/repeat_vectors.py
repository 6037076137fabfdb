"""Repeat-vector checkpoints with random, distinct weights, and their capsules, without training."""

from dataclasses import replace

import numpy as np
import onnxruntime

from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from support import random_checkpoint

# Single precision is 6e-8 of a number near one; a window of gates and sums over several layers
# loses two digits of it. Reconstructions are compared in scaled units.
RECONSTRUCTION_TOLERANCE = 1e-5


def make_checkpoint(config: RepeatVectorConfig, channels: int) -> Checkpoint:
    blank = random_checkpoint.blank_checkpoint(config, channels)
    return replace(blank, parameters=random_checkpoint.parameters_of(blank))


def random_weights(
    config: RepeatVectorConfig, channels: int, seed: int = 0, size: float = 0.6
) -> dict[str, AnyArray]:
    blank = random_checkpoint.blank_checkpoint(config, channels)
    return random_checkpoint.random_weights(blank, np.random.default_rng(seed), size)


def make_capsule(config: RepeatVectorConfig, channels: int, seed: int = 0) -> bytes:
    size = 0.6 if config.units < 20 else 0.15
    weights = random_weights(config, channels, seed, size)
    return build_uncalibrated(make_checkpoint(config, channels), weights)


def detector_of(content: bytes) -> Detector:
    return Detector.from_bytes(content, "made up")


def normal_rows(rows: int, channels: int, seed: int = 0) -> Float64:
    """Correlated channels (T, C), each with a mean and a scale of its own; other noise by seed."""
    sensors, noise = np.random.default_rng(channels), np.random.default_rng([seed, rows])
    mixing = sensors.normal(size=(channels, channels)) / np.sqrt(channels)
    means, scales = sensors.uniform(-3, 9, channels), sensors.uniform(0.2, 4, channels)
    slow = np.sin(np.arange(rows)[:, None] / 9 + np.arange(channels))
    values: Float64 = means + scales * (slow + noise.normal(size=(rows, channels)) @ mixing)
    return values.astype(np.float32).astype(np.float64)


def answers(content: bytes, values: AnyArray) -> list[AnyArray]:
    """What the graph says of values (N, T, C), in the order of OUTPUTS."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # as the runtime: overridable defaults are meant
    session = onnxruntime.InferenceSession(content, options)
    found: list[AnyArray] = session.run(list(OUTPUTS), {"values": values.astype(np.float32)})
    return found
