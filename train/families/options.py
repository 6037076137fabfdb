"""Options that the training commands of several families share."""

import argparse
from pathlib import Path

from stillwatch.train.families.config import Config

__all__ = ["add_common_options"]


def add_common_options(parser: argparse.ArgumentParser, default: Config) -> None:
    """Adds the folder, seed, epochs, learning rate and units, with a configuration's defaults."""
    parser.add_argument(
        "--out", type=Path, default=Path("checkpoint"), help="folder (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--units", type=int, default=default.units, help="hidden units of a layer")
