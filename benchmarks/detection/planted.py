"""Who is blamed for a planted fault: six kinds on each channel of a made set, at a real network.

`python -m stillwatch.benchmarks.detection.planted --out results.json` calibrates
smd-micro on made normal rows, plants a fault in other rows, and counts how
often the faulty channel has the largest part of the scores above the
threshold: by contribution, and by the error as before. No labels, no data.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_text

__all__ = ["FAULTS", "blamed", "made_rows", "main"]

_CHANNELS, _SOURCES = 8, 3
_ROWS, _FIRST, _LENGTH = 1000, 500, 100
_REPEATS = 3

Plant = Callable[[Float64, int, int, np.random.Generator], None]


def _spike(part: Float64, c: int, _other: int, _rng: np.random.Generator) -> None:
    part[:3, c] += 8


def _level(part: Float64, c: int, _other: int, _rng: np.random.Generator) -> None:
    part[:, c] += 4


def _frozen(part: Float64, c: int, _other: int, _rng: np.random.Generator) -> None:
    part[:, c] = part[0, c]


def _noise(part: Float64, c: int, _other: int, rng: np.random.Generator) -> None:
    part[:, c] += rng.normal(0, 2, len(part))


def _drift(part: Float64, c: int, _other: int, _rng: np.random.Generator) -> None:
    part[:, c] += np.linspace(0, 5, len(part))


def _swapped(part: Float64, c: int, other: int, _rng: np.random.Generator) -> None:
    part[:, [c, other]] = part[:, [other, c]]


# Each changes the rows of a fault (T, C), in deviations of the channel, in place.
FAULTS: dict[str, Plant] = {
    "spike": _spike,
    "level": _level,
    "frozen": _frozen,
    "noise": _noise,
    "drift": _drift,
    "swapped": _swapped,
}


def made_rows(rows: int, seed: int) -> Float64:
    """Returns (rows, 8): channels mixed of three waves that wander, each with noise of its own."""
    mixing = np.random.default_rng(100).normal(size=(_SOURCES, _CHANNELS))
    rng = np.random.default_rng(seed)
    time = np.arange(rows)[:, None] + rng.integers(0, 10_000)
    waves = np.sin(2 * np.pi * time / [60, 97, 240]) + _wander(rng, rows, _SOURCES, 0.9, 0.2)
    own = _wander(rng, rows, _CHANNELS, 0.8, 0.15) + rng.normal(0, 0.05, (rows, _CHANNELS))
    return np.asarray(waves @ mixing + own)


def _wander(rng: np.random.Generator, rows: int, width: int, keeps: float, size: float) -> Float64:
    steps = rng.normal(0, size, (rows, width))
    for row in range(1, rows):
        steps[row] += keeps * steps[row - 1]
    return steps


def blamed() -> dict[str, dict[str, float]]:
    """Returns for each fault how often it is seen, and how often the right channel is first."""
    normal = made_rows(6000, 0)
    names = [f"sensor_{c}" for c in range(_CHANNELS)]
    options = CalibrationOptions(channels=names, source="made rows")
    made = calibrate(opening.read_bytes("smd-micro"), "smd-micro", normal, options)
    detector = Detector.from_bytes(made.content, "the capsule of made rows")
    mean, deviation = normal.mean(axis=0), normal.std(axis=0)
    return {name: _of(plant, detector, mean, deviation) for name, plant in FAULTS.items()}


def _of(plant: Plant, detector: Detector, mean: Float64, deviation: Float64) -> dict[str, float]:
    seen: list[bool] = []
    first: dict[str, list[bool]] = {"contribution": [], "error": []}
    for channel in range(_CHANNELS):
        for turn in range(_REPEATS):
            rows = (made_rows(_ROWS, 1000 + 10 * channel + turn) - mean) / deviation
            other = (channel + 1 + turn) % _CHANNELS
            fault = rows[_FIRST : _FIRST + _LENGTH]
            plant(fault, channel, other, np.random.default_rng(channel + turn))
            result = detector.score(rows * deviation + mean)
            high = result.score[_FIRST : _FIRST + _LENGTH] > detector.info.threshold.value
            seen.append(bool(high.any()))
            if not seen[-1]:
                continue
            right = (channel, other) if plant is _swapped else (channel,)
            for name, parts in (("contribution", result.contribution), ("error", result.error)):
                first[name].append(_first(parts[_FIRST : _FIRST + _LENGTH][high]) in right)
    return {"seen": float(np.mean(seen)), **{n: float(np.mean(f)) for n, f in first.items()}}


def _first(parts: AnyArray) -> int:
    return int(parts.sum(axis=0, dtype=np.float64).argmax())


def main() -> None:
    """Writes the figures as JSON, with the command that they come from."""
    parser = argparse.ArgumentParser(description="who is blamed for a planted fault")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    faults = blamed()
    all_of = {
        name: float(np.mean([fault[name] for fault in faults.values()]))
        for name in ("seen", "contribution", "error")
    }
    command = f"python -m stillwatch.benchmarks.detection.planted --out {arguments.out}"
    result = {"command": command, "model": "smd-micro", "faults": faults, "all": all_of}
    write_text(arguments.out, json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
