"""`stillwatch bench edge CARD.json -o EDGE.json`: the edge runtime's figures beside their aims."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from stillwatch.benchmarks.latency.cards.card_file import read_card
from stillwatch.benchmarks.latency.edge.figures import EDGE_HEADER, edge_rows, figures
from stillwatch.benchmarks.latency.edge.measure import memory, second_thread
from stillwatch.benchmarks.latency.plan import Plan
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.machine import provenance
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the card, and the file of the figures."""
    parser.add_argument("card", type=Path, metavar="CARD.json")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="EDGE.json")


def run(arguments: argparse.Namespace) -> int:
    """Measures the second thread and the memory, writes all figures; 0 whether reached or not."""
    card = read_card(arguments.card)
    measured = figures(card, second_thread(Plan.full().processes), memory())
    rows = [asdict(figure) for figure in measured]
    document = {
        **provenance(),
        "card": {"command": card.command, "date": card.date, "cpu": card.machine.cpu},
        "figures": rows,
    }
    write_text(arguments.output, json.dumps(document, indent=1) + "\n")
    print(as_text(EDGE_HEADER, edge_rows(rows)))
    return 0
