"""The pictures of the benchmark's latencies: against detection, and how they are distributed."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.peers import CONTROL
from stillwatch.benchmarks.latency.pages.figure import (
    WIDTH,
    figure_of,
    legend_beside,
    plain_numbers,
    source,
)
from stillwatch.runtime.report.palette import BLUE, RED, styles

__all__ = ["ROWS", "distributions", "pareto"]

ROWS = {"smd-micro": "micro 16"}  # in the results of SMD, by the name of the shipped capsule


def pareto(card: Card, quality: Sequence[Mapping[str, Any]]) -> Figure:
    """Returns window F1 against latency at N=1; a point's size grows with its parameters.

    quality: the summary of the SMD results, whose rows have the networks' names.
    """
    figure, axes = figure_of(card, 5.6)
    # By the score that ships; int8 is judged by it alone.
    scores = ("error and level", "robust")
    f1 = {r["row"]: r["f1"]["median"] for s in scores for r in quality if r["score"] == s}
    sizes = {subject.name: subject.parameters for subject in card.subjects}
    look = styles([engine.name for engine in card.engines])
    points: dict[str, list[tuple[float, float]]] = {}
    labelled = set()
    for timing in card.timings:
        name = ROWS.get(timing.subject, timing.subject)
        if timing.scenario != "SingleStream" or name not in f1 or timing.engine == CONTROL:
            continue
        # int8 has a detection quality of its own, measured in the plain form.
        small = f"{name}, int8" if "int8" in timing.engine else name
        point = (timing.p50 / 1e3, f1.get(small, f1[name]))
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
    plain_numbers(axes.xaxis)
    legend_beside(axes)
    return figure


def distributions(card: Card, subject: str) -> Figure:
    """Returns each engine's spans at N=1 and N=38: p5 to p95 thick, p1 to p99 thin, the median."""
    scenarios = [
        s for s in ("SingleStream", "MultiStream") if any(
            t.subject == subject and t.scenario == s for t in card.timings
        )
    ]  # fmt: skip
    figure = Figure(figsize=(WIDTH, 2.1 + 0.33 * len(card.engines)), layout="constrained")
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
        plain_numbers(axes.xaxis)
        axes.grid(axis="x", alpha=0.3)
    figure.suptitle(source(card), fontsize=7, color="#555555", y=-0.04)
    return figure
