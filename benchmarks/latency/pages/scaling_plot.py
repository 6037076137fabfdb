"""The picture of how latency grows with a network, a window or a batch."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from stillwatch.benchmarks.latency.cards.card import Card, SubjectEntry
from stillwatch.benchmarks.latency.pages.figure import figure_of, legend_beside, plain_numbers
from stillwatch.benchmarks.latency.statistics import slope
from stillwatch.runtime.report.palette import styles

__all__ = ["scaling"]

_FEWEST = 2  # points that a slope is drawn through
Series = tuple[Sequence[float], Sequence[float]]


def scaling(card: Card, what: str) -> Figure:
    """Returns latency by "hidden units", "window" or "batch" on log axes, with measured slopes."""
    figure, axes = figure_of(card, 5.0)
    look = styles([engine.name for engine in card.engines])
    for engine in card.engines:
        x, y = _scaling(card, engine.name, what)
        if len(x) >= _FEWEST:
            # The first points are overheads; the slope that matters is that of the larger half.
            half = max(_FEWEST, -(-len(x) // 2))
            steep = slope(x[-half:], y[-half:])
            axes.loglog(x, y, **look[engine.name], label=f"{engine.name}, slope {steep:.2f}")
            axes.set_xticks(list(x), [f"{at:g}" for at in x])
    units = {"batch": "ms a call", "window": "ms a window"}.get(what, "ms a window, N=1")
    axes.set(xlabel=what, ylabel=units, title=_scaling_title(card, what))
    axes.xaxis.set_minor_formatter(NullFormatter())
    plain_numbers(axes.yaxis)
    axes.grid(alpha=0.3)
    legend_beside(axes)
    return figure


def _scaling(card: Card, engine: str, what: str) -> Series:
    """Returns sizes and milliseconds, by size."""
    if what == "batch":
        result = next(
            (s for s in card.sweep if (s.subject, s.engine) == (_batched(card), engine)), None
        )
        return ([*result.windows], [us / 1e3 for us in result.medians]) if result else ([], [])
    points = {
        size: timing.p50 / 1e3  # of networks of one size, the last
        for subject in card.subjects
        if (size := _size(subject, what)) is not None
        and (timing := card.timing(subject.name, engine, "SingleStream")) is not None
    }
    sizes = sorted(points)
    return [*sizes], [points[size] for size in sizes]


def _size(subject: SubjectEntry, what: str) -> int | None:
    """Returns a network's size in the plain series of that size, None where it is not of it."""
    if subject.family != "repeat-vector" or subject.layers > 1:
        return None
    if what == "hidden units":
        return subject.units if subject.window == 100 else None
    return subject.window if subject.units == 64 else None


def _batched(card: Card) -> str:
    names = [sweep.subject for sweep in card.sweep]
    return "student" if "student" in names else (names or [""])[0]


def _scaling_title(card: Card, what: str) -> str:
    of = {"batch": _batched(card), "window": "64 hidden units"}.get(what, "1+1 layers, T=100")
    return f"Latency by {what}: {of}; slope of the larger half"
