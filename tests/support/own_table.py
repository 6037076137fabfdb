"""Somebody's own table, and options that train on it quickly."""

import numpy as np

_FIRST = np.datetime64("2026-01-01T00:00:00")
OPTIONS = ("--window", "10", "--units", "4", "--layers", "1", "--epochs", "3", "--step", "5")


def table(rows: int = 300, *, empty: int | None = None, dated: bool = False) -> str:
    """Returns CSV text of a row a minute, its times counted from nothing known or dates."""
    noise = np.random.default_rng(0).normal(0, 0.3, (rows, 2))
    values = np.sin(np.arange(rows)[:, None] / 5 + np.arange(2)) * [3, 40] + noise
    times = _FIRST + 60 * np.arange(rows) if dated else 60 * np.arange(rows)
    lines = [f"{times[i]},{a:.4f},{b:.3f},rack 1" for i, (a, b) in enumerate(values)]
    if empty is not None:
        time, _, *others = lines[empty].split(",")
        lines[empty] = ",".join([time, "", *others])
    return "\n".join(["t,temperature,pressure,host", *lines, ""])
