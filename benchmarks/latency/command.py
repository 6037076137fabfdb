"""`stillwatch bench`: size, memory, cold start and latency of every engine, in one run."""

import argparse
import tempfile
from pathlib import Path

from stillwatch.runtime.errors import InputError

__all__ = ["add_arguments", "run"]

_SLOW_TO_START = "pytorch-compiled"  # for each size of a batch anew


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a run."""
    parser.add_argument(
        "--engines", nargs="+", metavar="E", help="engines to run (default: all that can)"
    )
    parser.add_argument(
        "--checkpoint", nargs="+", type=Path, metavar="DIR", dest="checkpoints",
        help="networks to run (default: the published architectures with random weights)",
    )  # fmt: skip
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"four minutes on two cores; wider intervals, and no {_SLOW_TO_START}",
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), help="folder (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measures and writes card, report and pictures; 1 where an engine gave wrong answers."""
    from stillwatch.benchmarks.latency.cards.card_file import write_card
    from stillwatch.benchmarks.latency.engines import named
    from stillwatch.benchmarks.latency.measurement import measure
    from stillwatch.benchmarks.latency.pages.latency_tables import summary
    from stillwatch.benchmarks.latency.pages.page import write_report
    from stillwatch.benchmarks.latency.plan import Plan
    from stillwatch.benchmarks.latency.prepare import Setup
    from stillwatch.benchmarks.latency.subjects import given_subjects, made_subjects
    from stillwatch.runtime.files import make_folder

    if not 1 <= arguments.threads <= 1024:
        raise InputError(f"expected 1 to 1024 threads, got {arguments.threads}")
    engines = named(arguments.engines)
    if arguments.quick and not arguments.engines:
        engines = [engine for engine in engines if engine.name != _SLOW_TO_START]
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
            threads=arguments.threads, capsules=not arguments.checkpoints,
        )  # fmt: skip
        card = measure(setup)
    write_card(arguments.out / "card.json", card)
    write_report(card, arguments.out)
    print("\n".join(summary(card)))
    print(f"\ncard.json, report.html and the pictures are in {arguments.out}")
    return 0 if all(parity.passed for parity in card.parity) else 1
