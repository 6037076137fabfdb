"""Options that the training commands of several families share."""

import argparse
from pathlib import Path
from typing import Protocol

__all__ = ["CommonDefaults", "add_common_options"]


class CommonDefaults(Protocol):
    """What every configuration says."""

    @property
    def units(self) -> int:
        """Hidden units of a layer."""

    @property
    def epochs(self) -> int:
        """Passes over the training rows."""

    @property
    def learning_rate(self) -> float:
        """Of the optimiser."""

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""


def add_common_options(parser: argparse.ArgumentParser, default: CommonDefaults) -> None:
    """Adds the folder, seed, epochs, learning rate and units, with a configuration's defaults."""
    parser.add_argument(
        "--out", type=Path, default=Path("checkpoint"), help="folder (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--units", type=int, default=default.units, help="hidden units of a layer")
