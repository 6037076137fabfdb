"""Somebody's own table, and options that train on it quickly."""

import numpy as np

OPTIONS = ("--window", "10", "--units", "4", "--layers", "1", "--epochs", "3", "--step", "5")


def table(rows: int = 300, *, empty: int | None = None) -> str:
    noise = np.random.default_rng(0).normal(0, 0.3, (rows, 2))
    values = np.sin(np.arange(rows)[:, None] / 5 + np.arange(2)) * [3, 40] + noise
    lines = [f"{60 * i},{a:.4f},{b:.3f},rack 1" for i, (a, b) in enumerate(values)]
    if empty is not None:
        time, _, *others = lines[empty].split(",")
        lines[empty] = ",".join([time, "", *others])
    return "\n".join(["t,temperature,pressure,host", *lines, ""])
