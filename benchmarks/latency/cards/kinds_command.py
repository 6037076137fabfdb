"""`stillwatch bench cards`: of which kinds of CPU there are cards, and what each says."""

import argparse
from pathlib import Path

from stillwatch.benchmarks.latency.cards.aims import AIMS, measured, reached
from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.compare import disagreements
from stillwatch.benchmarks.latency.cards.kinds import CARDS, Kept, cards_in, kinds_line
from stillwatch.runtime.report.tables import as_text

__all__ = ["KINDS_HEADER", "add_arguments", "kind_rows", "run"]

KINDS_HEADER = ("kind of CPU", "made on", "stillwatch", "by", "processes", "aims", "a second run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the folder of the cards."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=CARDS, metavar="DIR",
        help="folder of cards (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Prints a row for each kind of CPU."""
    kept = cards_in(arguments.folder)
    print(as_text(KINDS_HEADER, kind_rows(kept)))
    print(kinds_line(kept))
    return 0


def kind_rows(kept: Kept) -> list[tuple[str, ...]]:
    """Returns a row for each kind: its card, and whether a second run agrees with it."""
    return [
        (
            *(name, card.date, card.versions.get("stillwatch", "")),
            *(f"`{card.command}`", str(card.plan["processes"])),
            _aims(card),
            "none" if again is None else disagreements(card, again)[-1],
        )
        for name, (card, again) in kept.items()
    ]


def _aims(card: Card) -> str:
    """Returns how many aims are reached, of those that the card has figures for."""
    quoted = [(aim, result) for aim in AIMS if aim.aim and (result := measured(card, aim))]
    met = sum(reached(aim, result).startswith("reached") for aim, result in quoted)
    return f"{met} of {len(quoted)} reached" if quoted else "not measured"
