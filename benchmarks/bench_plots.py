"""The pictures of the benchmark's report. Each function returns one matplotlib figure."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from stillwatch.benchmarks.bench_statistics import slope
from stillwatch.benchmarks.bench_tables import cold_parts
from stillwatch.benchmarks.cards import Card, SubjectEntry
from stillwatch.benchmarks.palette import BLUE, GREEN, GREY, ORANGE, RED, styles

__all__ = ["cold_starts", "distributions", "memory", "pareto", "scaling"]

_WIDTH = 9.0
_FEWEST = 2  # points that a slope is drawn through
Series = tuple[Sequence[float], Sequence[float]]


def pareto(card: Card, quality: Sequence[Mapping[str, Any]]) -> Figure:
    """Returns window F1 against latency at N=1; a point's size grows with its parameters.

    quality: the summary of the SMD results, whose rows have the networks' names.
    """
    figure, axes = _figure(card, 5.6)
    f1 = {r["row"]: r["f1"]["median"] for r in quality if r["score"] == "error and level"}
    sizes = {subject.name: subject.parameters for subject in card.subjects}
    look = styles([engine.name for engine in card.engines])
    points: dict[str, list[tuple[float, float]]] = {}
    labelled = set()
    for timing in card.timings:
        if timing.scenario != "SingleStream" or timing.subject not in f1:
            continue
        # int8 has a detection quality of its own.
        small = f"{timing.subject}, int8" if timing.engine.endswith("int8") else timing.subject
        point = (timing.p50 / 1e3, f1.get(small, f1[timing.subject]))
        points.setdefault(timing.subject, []).append(point)
        axes.plot(*point, **look[timing.engine], ls="", alpha=0.85, markeredgecolor="white",
                  ms=5 + 1.6 * len(str(sizes[timing.subject])),
                  label=None if timing.engine in labelled else timing.engine)  # fmt: skip
        labelled.add(timing.engine)
    for name, of_network in points.items():
        axes.annotate(f"{name}, {sizes[name]:,}", xy=min(of_network), xytext=(0, -19), fontsize=8,
                      textcoords="offset points", ha="center",
                      bbox={"color": "white", "alpha": 0.7, "pad": 0.5})  # fmt: skip
    axes.set(xscale="log", xlabel="latency at N=1, ms (p50)",
             ylabel="window F1, macro over machines, median seed",
             title="Parameters, latency and detection: up and to the left is better")  # fmt: skip
    axes.margins(y=0.25)
    _plain(axes.xaxis)
    _legend(axes)
    return figure


def distributions(card: Card, subject: str) -> Figure:
    """Returns each engine's spans at N=1 and N=38: p5 to p95 thick, p1 to p99 thin, the median."""
    scenarios = [
        s for s in ("SingleStream", "MultiStream") if any(
            t.subject == subject and t.scenario == s for t in card.timings
        )
    ]  # fmt: skip
    figure = Figure(figsize=(_WIDTH, 2.1 + 0.33 * len(card.engines)), layout="constrained")
    for axes, scenario in zip(
        figure.subplots(1, len(scenarios), squeeze=False)[0], scenarios, strict=True
    ):
        timings = [
            t for e in card.engines if (t := card.timing(subject, e.name, scenario)) is not None
        ]
        for place, timing in enumerate(timings):
            at = {percent: us / 1e3 for percent, us in timing.quantiles.items()}
            axes.plot([at["1"], at["99"]], [place] * 2, color=BLUE, lw=1.5)
            axes.plot([at["5"], at["95"]], [place] * 2, color=BLUE, lw=7, alpha=0.5)
            axes.plot(at["50"], place, "|", color="black", ms=15, mew=2)
            axes.plot(at["100"], place, "x", color=RED, ms=6)
        axes.set_yticks(range(len(timings)), [timing.engine for timing in timings])
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="ms a query", title=f"{scenario}, {subject}")
        _plain(axes.xaxis)
        axes.grid(axis="x", alpha=0.3)
    figure.suptitle(_source(card), fontsize=7, color="#555555", y=-0.04)
    return figure


def cold_starts(card: Card) -> Figure:
    """Returns each engine's cold start as a stacked bar, medians over processes."""
    figure, axes = _figure(card, 1.8 + 0.4 * len(card.cold))
    rows = sorted(card.cold, key=lambda cold: sum(cold_parts(cold)))
    left = [0.0] * len(rows)
    parts = ("Python", "imports", "load", "first window")
    looks = zip(parts, (GREY, BLUE, ORANGE, GREEN), ("", "//", "..", "xx"), strict=True)
    for part, (name, colour, hatch) in enumerate(looks):
        spans = [cold_parts(cold)[part] for cold in rows]
        axes.barh(range(len(rows)), spans, left=left, color=colour, hatch=hatch, label=name,
                  edgecolor="white")  # fmt: skip
        left = [before + span for before, span in zip(left, spans, strict=True)]
    for place, total in enumerate(left):
        axes.text(total, place, f" {total:,.0f}", va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [cold.engine for cold in rows])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set(xlabel="ms, fresh process", title=f"Cold start, {_cold_subject(card)}")
    axes.legend(loc="upper right")
    return figure


def memory(card: Card) -> Figure:
    """Returns each engine's resident memory after one window, and what it installs."""
    figure, axes = _figure(card, 1.8 + 0.45 * len(card.cold))
    installed = {engine.name: engine.installed_mib for engine in card.engines}
    rows = sorted(card.cold, key=lambda cold: statistics.median(cold.resident_mib))
    for offset, colour, hatch, name, sizes in (
        (-0.2, BLUE, "", "resident", [statistics.median(cold.resident_mib) for cold in rows]),
        (
            0.2,
            ORANGE,
            "//",
            "installed, with what it requires",
            [installed[c.engine] for c in rows],
        ),
    ):
        places = [place + offset for place in range(len(rows))]
        axes.barh(places, sizes, height=0.38, color=colour, hatch=hatch, label=name,
                  edgecolor="white")  # fmt: skip
        for place, size in zip(places, sizes, strict=True):
            axes.text(size, place, f" {size:,.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [cold.engine for cold in rows])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set(xscale="log", xlabel="MiB", title=f"Memory and disk, {_cold_subject(card)}")
    _plain(axes.xaxis)
    axes.legend(loc="upper right")
    return figure


def scaling(card: Card, what: str) -> Figure:
    """Returns latency by "hidden units", "window" or "batch" on log axes, with measured slopes."""
    figure, axes = _figure(card, 5.0)
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
    _plain(axes.yaxis)
    axes.grid(alpha=0.3)
    _legend(axes)
    return figure


def _scaling(card: Card, engine: str, what: str) -> Series:
    """Returns sizes and milliseconds, by size."""
    if what == "batch":
        found = next(
            (s for s in card.sweep if (s.subject, s.engine) == (_batched(card), engine)), None
        )
        return ([*found.windows], [us / 1e3 for us in found.medians]) if found else ([], [])
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
    names = [sweep.subject for sweep in card.sweep if sweep.us]
    return "student" if "student" in names else (names or [""])[0]


def _scaling_title(card: Card, what: str) -> str:
    of = {"batch": _batched(card), "window": "64 hidden units"}.get(what, "1+1 layers, T=100")
    return f"Latency by {what}: {of}; slope of the larger half"


def _cold_subject(card: Card) -> str:
    return card.cold[0].subject if card.cold else ""


def _figure(card: Card, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    figure.suptitle(_source(card), fontsize=7, color="#555555", y=-0.03)
    return figure, figure.subplots()


def _source(card: Card) -> str:
    """Returns what every picture says of its origin."""
    return (
        f"{card.machine.cpu}, {card.machine.cores} cores, {card.threads} thread"
        f"{'s' * (card.threads > 1)}; {card.command}; {card.date}"
    )


def _legend(axes: Axes) -> None:
    if not axes.lines:
        return
    legend = axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for line in legend.get_lines():
        line.set_markersize(7)


def _plain(axis: Any) -> None:
    """Labels a log axis with plain numbers, which more readers take in than powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
