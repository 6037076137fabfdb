"""The pictures of a fresh process: how long it takes to begin, and what it weighs."""

import statistics

from matplotlib.figure import Figure

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.pages.figure import figure_of, plain_numbers
from stillwatch.benchmarks.latency.pages.footprint_tables import cold_parts
from stillwatch.runtime.report.palette import BLUE, GREEN, GREY, ORANGE

__all__ = ["cold_starts", "memory"]


def cold_starts(card: Card) -> Figure:
    """Returns each engine's cold start as a stacked bar, medians over processes."""
    figure, axes = figure_of(card, 1.8 + 0.4 * len(card.cold))
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
    figure, axes = figure_of(card, 1.8 + 0.45 * len(card.cold))
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
    plain_numbers(axes.xaxis)
    axes.legend(loc="upper right")
    return figure


def _cold_subject(card: Card) -> str:
    return card.cold[0].subject if card.cold else ""
