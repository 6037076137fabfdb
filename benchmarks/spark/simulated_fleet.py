"""A simulated fleet: sensors with a daily wave, noise, and now and then a spike."""

from pathlib import Path

import numpy as np
import pandas as pd

from stillwatch.runtime.arrays import Float64

__all__ = ["series", "write_batches", "write_fleet"]

_DAY = 288  # rows
_BEGIN = pd.Timestamp("2026-01-01", tz="UTC")


def series(sensor: int, rows: int) -> Float64:
    """Returns a sensor's values (T,), the same for the same sensor."""
    generator = np.random.default_rng(sensor)
    wave = 4 * np.sin((np.arange(rows) + 7 * sensor) * 2 * np.pi / _DAY)
    values: Float64 = 20 + wave + generator.normal(0, 1, rows)
    values[generator.random(rows) < 1 / 2000] += 40
    return values


def write_fleet(folder: Path, sensors: int, rows: int, files: int = 8) -> None:
    """Writes Parquet of sensor, time and value, the sensors shared out among files."""
    folder.mkdir(parents=True)
    for number in range(files):
        parts = [_frame(sensor, 0, rows) for sensor in range(number, sensors, files)]
        pd.concat(parts).to_parquet(folder / f"{number:03}.parquet", index=False)


def write_batches(folder: Path, sensors: int, sizes: list[int]) -> None:
    """Writes a file a batch, in which each sensor has so many rows."""
    folder.mkdir(parents=True)
    start = 0
    for number, size in enumerate(sizes):
        parts = [_frame(sensor, start, size) for sensor in range(sensors)]
        pd.concat(parts).to_parquet(folder / f"{number:03}.parquet", index=False)
        start += size


def _frame(sensor: int, start: int, rows: int) -> pd.DataFrame:
    times = _BEGIN + pd.to_timedelta(300 * np.arange(start, start + rows), unit="s")
    values = series(sensor, start + rows)[start:]
    return pd.DataFrame({"sensor": f"s{sensor}", "time": times.as_unit("us"), "value": values})
