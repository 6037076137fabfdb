"""Simulates daily CPU load with injected anomalies, for where no data set can be had."""

import numpy as np

from stillwatch.train.data.sets.series import LabelledSeries

__all__ = ["simulate_cpu"]

_PER_DAY = 288  # a sample every five minutes, as in NAB's CloudWatch series
_TAIL = 3  # degrees of freedom of Student's t
_HALF_WINDOW = 100  # rows on each side of an anomaly; NAB's windows on these series are 200 wide

_SPAN = 2 * _HALF_WINDOW + 1  # rows of a window; the two are kept apart by as much


def simulate_cpu(
    seed: int, *, days: int = 14, level: float = 18.0, swing: float = 3.0
) -> LabelledSeries:
    """Returns a seeded series of CPU load in percent, with two labelled spikes.

    level: the mean load. swing: the amplitude of the daily rhythm. The noise
    is a first-order autoregression with heavy tails, since real load comes in
    bursts; the spikes stand 14 and 10 swings high at random places in the
    second and the last third. At least 3 days.
    """
    if days < 3:
        raise ValueError(f"expected at least 3 days, got {days}")
    generator = np.random.default_rng(seed)
    rows = days * _PER_DAY
    time = np.arange(rows) / _PER_DAY
    noise = 0.2 * swing * generator.standard_t(_TAIL, rows)
    for row in range(1, rows):
        noise[row] += 0.6 * noise[row - 1]
    values = level + swing * np.sin(2 * np.pi * time) + noise
    third = rows // 3
    places = third + generator.integers(0, third - _SPAN, 2) + np.array([0, third])
    values[places] += np.array([14.0, 10.0]) * swing
    labels = np.zeros(rows, bool)
    labels[places] = True
    start = np.datetime64("2026-01-01T00:00:00", "s")
    return LabelledSeries(
        name=f"simulated CPU load, seed {seed}",
        timestamps=start + np.arange(rows) * np.timedelta64(24 * 3600 // _PER_DAY, "s"),
        values=np.clip(values, 0.0, 100.0).round(3),
        labels=labels,
        windows=tuple((int(p - _HALF_WINDOW), int(p + _HALF_WINDOW)) for p in places),
    )
