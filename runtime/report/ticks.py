"""Where an axis is marked, and how its numbers are written."""

import math
from collections.abc import Sequence

__all__ = ["as_figure", "round_ticks", "row_ticks"]

_MINUTE = len("2014-02-27 00:00")


def round_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Returns at most so many round numbers, 1, 2 or 5 times a power of ten apart."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * f for f in (1, 2, 5, 10, 20) if span / (power * f) <= most)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step + 1e-9) + 1)][:most]


def row_ticks(
    rows: int, labels: Sequence[str] | None, first: int = 0, count: int = 5
) -> list[tuple[float, str]]:
    """Returns places from 0 to 1 and what stands there: the row's label, or its number from 1.

    labels: one a row, of which so much is shown as tells a minute. first: the first row's place.
    """
    count = min(count, rows)
    marked = [round(i * (rows - 1) / max(count - 1, 1)) for i in range(count)]
    return [
        (row / max(rows - 1, 1), labels[row][:_MINUTE] if labels else f"row {first + row + 1:,}")
        for row in marked
    ]


def as_figure(value: float) -> str:
    """Returns a number in at most four digits, with k, M or G for thousands and more."""
    if not math.isfinite(value):
        return str(value)
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):.4g}{unit}"
    return f"{value:.4g}"
