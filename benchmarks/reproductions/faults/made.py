"""A made set of eight sensors, and six ways for one of them to go wrong."""

from collections.abc import Callable

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["CHANNELS", "FAULTS", "LENGTH", "PERIOD", "faulty", "made_rows", "planted"]

CHANNELS = 8
PERIOD = 300.0  # seconds a row
LENGTH = 144  # rows of a fault: twelve hours
_PER_DAY = 288
_STAYS = 0.9  # of the noise from row to row

Plant = Callable[[Float64, int, Float64, np.random.Generator], Float64]


def made_rows(rows: int, seed: int) -> Float64:
    """Returns (rows, CHANNELS): two daily rhythms mixed, noise that lingers, units of their own.

    The sensors' mixtures, units and noise are the same for every seed; the
    noise itself is not.
    """
    fixed = np.random.default_rng(0)
    mixture = fixed.normal(size=(2, CHANNELS))
    unit, offset = np.exp(fixed.normal(size=CHANNELS)), 10 * fixed.normal(size=CHANNELS)
    turn = 2 * np.pi * np.arange(rows)[:, None] / _PER_DAY
    rhythm = np.concatenate([np.sin(turn), np.sin(2 * turn + 1)], axis=1) @ mixture
    noise = np.random.default_rng(seed + 1).normal(size=(rows, CHANNELS))
    for row in range(1, rows):
        noise[row] = _STAYS * noise[row - 1] + np.sqrt(1 - _STAYS**2) * noise[row]
    made: Float64 = offset + unit * (rhythm + 0.3 * noise)
    return made


def _spike(part: Float64, k: int, scale: Float64, _: np.random.Generator) -> Float64:
    part[0, k] += 8 * scale[k]
    return part


def _level(part: Float64, k: int, scale: Float64, _: np.random.Generator) -> Float64:
    part[:, k] += 5 * scale[k]
    return part


def _frozen(part: Float64, k: int, _: Float64, __: np.random.Generator) -> Float64:
    part[:, k] = part[0, k]
    return part


def _noise(part: Float64, k: int, scale: Float64, generator: np.random.Generator) -> Float64:
    part[:, k] += 3 * scale[k] * generator.normal(size=len(part))
    return part


def _drift(part: Float64, k: int, scale: Float64, _: np.random.Generator) -> Float64:
    part[:, k] += 6 * scale[k] * np.linspace(0, 1, len(part))
    return part


def _swapped(part: Float64, k: int, _: Float64, __: np.random.Generator) -> Float64:
    other = (k + 1) % CHANNELS
    part[:, [k, other]] = part[:, [other, k]]
    return part


FAULTS: dict[str, Plant] = {
    "spike": _spike,
    "level": _level,
    "frozen": _frozen,
    "noise": _noise,
    "drift": _drift,
    "swapped": _swapped,
}


def planted(rows: Float64, fault: str, channel: int, first: int, seed: int) -> Float64:
    """Returns the rows (T, C) with LENGTH rows of a fault from row `first` on."""
    made = rows.copy()
    span = slice(first, first + LENGTH)
    generator = np.random.default_rng(seed)
    made[span] = FAULTS[fault](made[span], channel, rows.std(axis=0), generator)
    return made


def faulty(fault: str, channel: int) -> tuple[int, ...]:
    """Returns the channels that are to blame: both of two that were swapped."""
    return (channel, (channel + 1) % CHANNELS) if fault == "swapped" else (channel,)
