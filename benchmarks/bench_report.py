"""The benchmark's report."""

from pathlib import Path

from stillwatch.benchmarks.cards import Card

__all__ = ["write_report"]


def write_report(card: Card, out: Path) -> None:
    """Writes report.html and the pictures into a folder."""
