"""`stillwatch bench compare OLD.json NEW.json`: two runs, or two kinds of CPU, side by side."""

import argparse
from pathlib import Path

from stillwatch.benchmarks.latency.cards.across import Pair, across, pair_rows, turned
from stillwatch.benchmarks.latency.cards.card_file import read_card
from stillwatch.benchmarks.latency.cards.compare import (
    COMPARISON_HEADER,
    compare_cards,
    comparison_rows,
    disagreements,
    remarks,
)
from stillwatch.benchmarks.latency.cards.kinds import kind
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]

_SLOWER = 1.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the two cards, and what counts as slower."""
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    parser.add_argument(
        "--regression", type=float, default=_SLOWER, metavar="R",
        help="exit with 1 where anything takes more than R times as long (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Prints the ratios of two cards; 1 where something regressed.

    Of two kinds of CPU times say nothing: their ratios are set side by side, and it is 0.
    """
    if not arguments.regression > 0:
        raise InputError(f"expected a regression above 0, got {arguments.regression}")
    old, new = read_card(arguments.old), read_card(arguments.new)
    kinds = kind(old.machine), kind(new.machine)
    if kinds[0] != kinds[1]:
        return _two_kinds(kinds, across(old, new))
    comparisons = compare_cards(old, new, regression=arguments.regression)
    if not comparisons:
        raise InputError(f"{arguments.old} holds no timings to compare with")
    print(as_text(COMPARISON_HEADER, comparison_rows(comparisons)))
    for line in remarks(old, new):
        print(f"note: {line}")
    for line in disagreements(old, new):
        print(line)
    regressed = sum(comparison.regressed for comparison in comparisons)
    print(f"{regressed} of {len(comparisons)} regressed past {arguments.regression:g}")
    return 1 if regressed else 0


def _two_kinds(kinds: tuple[str, str], pairs: list[Pair]) -> int:
    """Prints the ratios that two cards share; raises InputError where there are none."""
    if not pairs:
        raise InputError("the two cards have no ratio in common")
    print(as_text(("ratio", *kinds, "we are"), pair_rows(pairs)))
    print(f"{len(turned(pairs))} of {len(pairs)} are ahead on one kind of CPU, behind on the other")
    return 0
