"""The sample that the package ships: a simulated pump, two calm weeks and one with planted faults.

    python tests/support/pump.py runtime/examples

writes both files anew.
"""

import sys
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["FAULTS", "NORMAL", "PLANTED", "SERIES", "files", "pump"]

NORMAL, SERIES, PLANTED = "pump-normal.csv", "pump.csv", "pump-faults.csv"
# What was planted into the second file: its name, the first row and the last one, from 0.
FAULTS = {
    "the bearing runs hot": (66, 88),
    "the flow stops for two hours": (178, 181),
    "the pressure sensor freezes": (270, 320),
}
_A_DAY = 48  # rows: one each 30 minutes
_TRIAL = "2026-03-16"
_CHANNELS = ("flow_l_per_s", "pressure_bar", "bearing_c")


def files() -> dict[str, str]:
    """Returns the files' text by name."""
    draw = np.random.default_rng(20260302)
    normal, series = pump(14 * _A_DAY, draw), pump(7 * _A_DAY, draw)
    (hot, cool), (low, high), (stuck, free) = FAULTS.values()
    series[hot : cool + 1, 2] += np.linspace(2, 14, cool + 1 - hot)
    series[low : high + 1, 0] *= 0.05
    series[stuck : free + 1, 1] = series[stuck, 1]
    times = _times(len(series), _TRIAL)
    planted = [f"{times[a]},{times[b]},{fault}" for fault, (a, b) in FAULTS.items()]
    return {
        NORMAL: _csv(normal, "2026-03-02"),
        SERIES: _csv(series, _TRIAL),
        PLANTED: "\n".join(["from,to,fault", *planted, ""]),
    }


def pump(rows: int, draw: np.random.Generator) -> Float64:
    """Returns flow, pressure and bearing temperature, (T, 3): a day's rhythm, and noise."""
    hours = 2 * np.pi * np.arange(rows) / _A_DAY
    demand = np.sin(hours - 2) + 0.35 * np.sin(2 * hours) + 0.12 * draw.standard_normal(rows)
    flow = 42 + 9 * demand + 0.6 * draw.standard_normal(rows)
    pressure = 3.4 - 0.35 * demand + 0.04 * draw.standard_normal(rows)
    warm = np.convolve(demand, np.full(4, 1 / 4))[:rows]
    bearing = 51 + 3.5 * warm + 0.35 * draw.standard_normal(rows)
    return np.stack([flow, pressure, bearing], axis=1)


def _csv(values: Float64, first_day: str) -> str:
    times = np.datetime64(first_day) + np.arange(len(values)) * np.timedelta64(1440 // _A_DAY, "m")
    lines = [
        f"{time},{f:.1f},{p:.2f},{b:.1f}" for time, (f, p, b) in zip(times, values, strict=True)
    ]
    return "\n".join(["time," + ",".join(_CHANNELS), *lines, ""])


def _times(rows: int, first_day: str) -> list[str]:
    step = np.timedelta64(1440 // _A_DAY, "m")
    return [str(time) for time in np.datetime64(first_day) + np.arange(rows) * step]


if __name__ == "__main__":
    for name, text in files().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
