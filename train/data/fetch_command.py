"""`stillwatch data fetch ett|nab|smd`: brings a public data set into the store, verified."""

import argparse

from stillwatch.train.data.sets.store import DATA_SETS, Store

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of fetch."""
    parser.add_argument("name", choices=sorted(DATA_SETS))


def run(arguments: argparse.Namespace) -> int:
    """Fetches, and says where the files are."""
    folder = Store(arguments.name).fetch()
    print(f"{arguments.name}: every file there is upstream's, in {folder}")
    return 0
