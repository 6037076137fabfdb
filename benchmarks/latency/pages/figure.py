"""What the benchmark's pictures share: their size, where they are from, axes and legends."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from stillwatch.benchmarks.latency.cards.card import Card

__all__ = ["WIDTH", "figure_of", "legend_beside", "plain_numbers", "source"]

WIDTH = 9.0  # inches


def figure_of(card: Card, height: float) -> tuple[Figure, Axes]:
    """Returns a picture of this height in inches, and its axes."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(source(card), fontsize=7, color="#555555", y=-0.03)
    return figure, figure.subplots()


def source(card: Card) -> str:
    """Returns what every picture says of its origin."""
    return (
        f"{card.machine.cpu}, {card.machine.cores} cores, {card.threads} thread"
        f"{'s' * (card.threads > 1)}; {card.command}; {card.date}"
    )


def legend_beside(axes: Axes) -> None:
    """Puts the legend right of the axes, its marks of one size whatever theirs."""
    if not axes.lines:
        return
    legend = axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for line in legend.get_lines():
        line.set_markersize(7)


def plain_numbers(axis: Any) -> None:
    """Labels a log axis with plain numbers, which more readers take in than powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
