"""Panels: lines over rows, in SVG that stretches while its text does not.

The picture holds lines only and fills whatever width there is; numbers and
names beside it are the page's own text, so that a phone reads them as a desk does.
"""

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.report.decimation import decimated
from stillwatch.runtime.report.ticks import as_figure, round_ticks, row_ticks

__all__ = ["Line", "Panel", "row_axis"]

_WIDTH, _HEIGHT = 1000, 100
_LOG_FROM = 30.0  # how far the highest is above the median, for a logarithmic axis
_BELOW = 10.0  # how far below the median such an axis begins: who is calm need not be told apart


@dataclass(frozen=True)
class Line:
    """values: (T,), or one number for a level. kind: value, model, score or limit."""

    values: AnyArray | float
    kind: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Lines over the same rows, with the events' spans (first and last row) shaded behind."""

    title: str
    lines: Sequence[Line]
    rows: int
    spans: Sequence[tuple[int, int]] = ()
    height: float = 7.5  # rem
    log: bool = False  # where the values are spread so far that it helps

    def html(self) -> str:
        """Returns the panel as HTML."""
        series = [(line.kind, *self._points(line)) for line in self.lines]
        known = np.concatenate([values[np.isfinite(values)] for _, _, values in series])
        axis = _Axis.over(known, log=self.log)
        marks = "".join(
            f'<span style="top:{100 * (1 - place):.1f}%">{as_figure(value)}</span>'
            for place, value in axis.ticks()
        )
        grid = "".join(
            f'<path class="line grid" d="M0 {_HEIGHT * (1 - place):.1f}H{_WIDTH}"/>'
            for place, _ in axis.ticks()
        )
        paths = "".join(
            f'<path class="line {kind}" d="{_path(places * self._stretch, axis.places(values))}"/>'
            for kind, places, values in series
        )
        title = html.escape(self.title)
        return (
            f'<div class="panel" role="img" aria-label="{title}"><h4>{title}</h4>'
            f'<div class="axis">{marks}</div><div class="area" style="height:{self.height:g}rem">'
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
            f"{self._shades()}{grid}{paths}</svg></div></div>"
        )

    @property
    def _stretch(self) -> float:
        return _WIDTH / max(self.rows - 1, 1)

    def _points(self, line: Line) -> tuple[Float64, Float64]:
        if isinstance(line.values, float | int):
            return np.array([0.0, self.rows - 1]), np.full(2, float(line.values))
        return decimated(line.values)

    def _shades(self) -> str:
        return "".join(
            f'<rect class="shade" x="{first * self._stretch:.1f}" y="0" height="{_HEIGHT}" '
            f'width="{max((last - first) * self._stretch, 1):.1f}"/>'
            for first, last in self.spans
        )


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, known: Float64, *, log: bool) -> "_Axis":
        if log:
            positive = known[known > 0]
            if len(positive) and positive.max() > _LOG_FROM * np.median(positive):
                low = math.log10(float(np.median(positive)) / _BELOW)
                high = math.log10(float(positive.max()))
                return cls(low, high + 0.05 * (high - low), log=True)
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        margin = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
        return cls(low - margin, high + margin, log=False)

    def places(self, values: Float64) -> Float64:
        """Returns each value's height, 0 to 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log10(np.maximum(values, 10.0**self.low)) if self.log else values
        return (scaled - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, float]]:
        """Returns places from 0 to 1 with their values."""
        if self.log:
            first, last = math.ceil(self.low), math.floor(self.high)
            step = max(1, -(-(last - first) // 3))
            marks: list[float] = [float(power) for power in range(first, last + 1, step)]
            if len(marks) < 2:
                marks = [
                    math.log10(v) for v in round_ticks(10**self.low, 10**self.high, 3) if v > 0
                ]
        else:
            marks = round_ticks(self.low, self.high)
        span = self.high - self.low
        return [((m - self.low) / span, 10**m if self.log else m) for m in marks]


def row_axis(rows: int, labels: Sequence[str] | None, first: int = 0) -> str:
    """Returns the marks below panels, as `row_ticks` has them; a phone shows the outer two."""
    ticks = row_ticks(rows, labels, first)
    kinds = ["outer", *["between"] * (len(ticks) - 2), "outer"]
    marks = "".join(
        f'<span class="{kind}" style="left:{100 * place:.1f}%">{html.escape(text)}</span>'
        for kind, (place, text) in zip(kinds, ticks, strict=False)
    )
    return f'<div class="panel"><div class="rows">{marks}</div></div>'


def _path(x: Float64, y: Float64) -> str:
    return "".join(_strokes(x, y))


def _strokes(x: Float64, y: Float64) -> Iterator[str]:
    drawing = False
    for place, value in zip(x.tolist(), (_HEIGHT * (1 - y)).tolist(), strict=True):
        if math.isnan(value):
            drawing = False
            continue
        yield f"{'L' if drawing else 'M'}{place:.1f} {value:.1f}"
        drawing = True
