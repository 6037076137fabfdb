"""What every reproduction is told: with how many seeds, and into which folder."""

import argparse
from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder

__all__ = ["add_options", "seeds_and_folder"]


def add_options(parser: argparse.ArgumentParser, *, seeds: int, out: str) -> None:
    """Adds --seeds and --out with these defaults."""
    parser.add_argument(
        "--seeds", type=int, default=seeds, metavar="K", help="default: %(default)s"
    )
    parser.add_argument("--out", type=Path, default=Path(out), help="folder (default: %(default)s)")


def seeds_and_folder(arguments: argparse.Namespace) -> tuple[int, Path]:
    """Returns the number of seeds and the folder, which is made; raises InputError."""
    if arguments.seeds < 1:
        raise InputError(f"expected at least one seed, got {arguments.seeds}")
    make_folder(arguments.out)
    return arguments.seeds, arguments.out
