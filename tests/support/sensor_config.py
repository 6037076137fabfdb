"""A small sensor network and a recording, quickly trained."""

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.sensor.config import SensorConfig

CONFIG = SensorConfig(
    units=4, layers=2, window=8, step=2, epochs=5, batch=16, learning_rate=0.02, dropout=0.3
)


def rows(count: int = 200, seed: int = 0) -> Float64:
    noise = np.random.default_rng(seed).normal(0, 0.4, (count, 3))
    values: Float64 = np.sin(np.arange(count)[:, None] / 3 + np.arange(3)) + noise
    return values * np.array([1.0, 5.0, 0.2]) + np.array([0.0, -3.0, 9.0])


def recording(*segments: Float64) -> Recording:
    return Recording(name="made up", channels=("a", "b", "c"), segments=segments or (rows(),))
