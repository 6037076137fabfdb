"""Series that tests draw."""

import numpy as np

from stillwatch.runtime.arrays import Float64


def cpu_like(seed: int, length: int = 700) -> Float64:
    """Returns a daily wave with noise and one spike, in percent."""
    generator = np.random.default_rng(seed)
    values: Float64 = (
        20 + 4 * np.sin(np.arange(length) * 2 * np.pi / 288) + generator.normal(0, 1, length)
    )
    values[length * 6 // 7] += 40
    values.setflags(write=False)
    return values
