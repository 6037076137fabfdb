"""Results as rows of text: for the terminal, the reports and the documentation alike."""

from collections.abc import Sequence
from typing import TypedDict

__all__ = ["Spread", "as_markdown", "as_text", "spread_text"]


class Spread(TypedDict):
    """One figure over seeds."""

    median: float
    min: float
    max: float


def as_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table for a terminal."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table in Markdown."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def spread_text(figure: Spread, digits: int) -> str:
    """Returns "median (minimum to maximum)", or the one figure where the seeds agree."""
    figures = (figure["median"], figure["min"], figure["max"])
    median, low, high = (_plain(value, digits) for value in figures)
    return median if low == high else f"{median} ({low} to {high})"


def _plain(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}" if digits or value == round(value) else f"{value:,.1f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
