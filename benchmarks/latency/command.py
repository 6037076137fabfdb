"""`stillwatch bench`: parameters, size, memory, cold start and latency of every engine, in one run.

`stillwatch bench compare OLD.json NEW.json` sets two runs side by side.
"""

import argparse
import tempfile
from pathlib import Path

from stillwatch.runtime.errors import InputError

__all__ = ["add_arguments", "run"]

_SLOWER = 1.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a run, and the comparison of two."""
    parser.add_argument(
        "--engines", nargs="+", metavar="E", help="engines to run (default: all that can)"
    )
    parser.add_argument(
        "--checkpoint", nargs="+", type=Path, metavar="DIR", dest="checkpoints",
        help="networks to run (default: the published architectures with random weights)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="under five minutes on two cores; wider intervals"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), help="folder (default: %(default)s)"
    )
    parser.set_defaults(action=_bench)
    actions = parser.add_subparsers(dest="action_name", metavar="compare|edge")
    compare = actions.add_parser(
        "compare", help="two cards side by side", description="Sets two cards side by side."
    )
    compare.add_argument("old", type=Path, metavar="OLD.json")
    compare.add_argument("new", type=Path, metavar="NEW.json")
    compare.add_argument(
        "--regression", type=float, default=_SLOWER, metavar="R",
        help="exit with 1 where anything takes more than R times as long (default: %(default)s)",
    )  # fmt: skip
    compare.set_defaults(action=_compare)
    edge = actions.add_parser(
        "edge",
        help="the edge runtime's figures beside their aims",
        description="Sets a card's figures, and two more that it measures, beside their aims.",
    )
    edge.add_argument("card", type=Path, metavar="CARD.json")
    edge.add_argument("-o", "--output", type=Path, required=True, metavar="EDGE.json")
    edge.set_defaults(action=_edge)


def run(arguments: argparse.Namespace) -> int:
    """Measures, or compares; returns the exit status."""
    return int(arguments.action(arguments))


def _bench(arguments: argparse.Namespace) -> int:
    """Measures and writes card, report and pictures; 1 where an engine gave wrong answers."""
    from stillwatch.benchmarks.latency.card_file import write_card
    from stillwatch.benchmarks.latency.engines import named
    from stillwatch.benchmarks.latency.latency_tables import summary
    from stillwatch.benchmarks.latency.page import write_report
    from stillwatch.benchmarks.latency.plan import Plan
    from stillwatch.benchmarks.latency.prepare import Setup
    from stillwatch.benchmarks.latency.run import measure
    from stillwatch.benchmarks.latency.subjects import given_subjects, made_subjects
    from stillwatch.runtime.files import make_folder

    if not 1 <= arguments.threads <= 1024:
        raise InputError(f"expected 1 to 1024 threads, got {arguments.threads}")
    engines = named(arguments.engines)
    plan = Plan.quick() if arguments.quick else Plan.full()
    make_folder(arguments.out)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        if arguments.checkpoints:
            subjects = given_subjects(arguments.checkpoints)
        else:
            subjects = made_subjects(plan, place / "networks")
        setup = Setup(
            subjects=subjects, engines=engines, plan=plan, scratch=place / "files",
            threads=arguments.threads,
        )  # fmt: skip
        card = measure(setup)
    write_card(arguments.out / "card.json", card)
    write_report(card, arguments.out)
    print("\n".join(summary(card)))
    print(f"\ncard.json, report.html and the pictures are in {arguments.out}")
    return 0 if all(parity.passed for parity in card.parity) else 1


def _compare(arguments: argparse.Namespace) -> int:
    """Prints the ratios of two cards; 1 where something regressed."""
    from stillwatch.benchmarks.latency.card_file import read_card
    from stillwatch.benchmarks.latency.compare import (
        COMPARISON_HEADER,
        compare_cards,
        comparison_rows,
        disagreements,
        remarks,
    )
    from stillwatch.runtime.report.tables import as_text

    if not arguments.regression > 0:
        raise InputError(f"expected a regression above 0, got {arguments.regression}")
    old, new = read_card(arguments.old), read_card(arguments.new)
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


def _edge(arguments: argparse.Namespace) -> int:
    """Measures the second thread and the memory, writes all figures; 0 whether reached or not."""
    import json
    from dataclasses import asdict

    from stillwatch.benchmarks.latency.card_file import read_card
    from stillwatch.benchmarks.latency.edge.figures import EDGE_HEADER, edge_rows, figures
    from stillwatch.benchmarks.latency.edge.measure import memory, second_thread
    from stillwatch.benchmarks.latency.plan import Plan
    from stillwatch.runtime.files import write_text
    from stillwatch.runtime.report.machine import provenance
    from stillwatch.runtime.report.tables import as_text

    card = read_card(arguments.card)
    found = figures(card, second_thread(Plan.full().processes), memory())
    rows = [asdict(figure) for figure in found]
    document = {
        **provenance(),
        "card": {"command": card.command, "date": card.date, "cpu": card.machine.cpu},
        "figures": rows,
    }
    write_text(arguments.output, json.dumps(document, indent=1) + "\n")
    print(as_text(EDGE_HEADER, edge_rows(rows)))
    return 0
