"""Small windows to train on."""

import numpy as np

from stillwatch.runtime.arrays import Float32
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.loop.window_set import WindowSet

CONFIG = RepeatVectorConfig(units=3, window=6, step=2, epochs=3, batch=8, learning_rate=0.02)
CHANNELS = 2


def waves(rows: int = 62, seed: int = 0) -> Float32:
    noise = np.random.default_rng(seed).normal(0, 0.4, (rows, CHANNELS))
    values = np.sin(np.arange(rows)[:, None] / 3 + np.arange(CHANNELS)) + noise
    return values.astype(np.float32)


def windows_of(series: Float32, config: RepeatVectorConfig = CONFIG) -> WindowSet:
    return WindowSet([series], window=config.window, step=config.step, channels=config.channels)
