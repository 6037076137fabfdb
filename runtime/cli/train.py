"""`stillwatch train RECIPE`: a training run and, of one's own data, all that follows from it.

The training itself knows nothing of capsules and reports; it is this program
that goes on to them where their packages are installed.
"""

import argparse
import importlib

from stillwatch.runtime.errors import ExtraError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the recipes and their options."""
    importlib.import_module("stillwatch.train.train_command").add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Trains; a recipe of one's own data ends in a capsule and a report, too."""
    track = getattr(arguments, "track", None)
    if track:
        try:
            store = importlib.import_module("stillwatch.export.own_data.tracking")
        except ModuleNotFoundError as error:
            raise ExtraError(
                f"'stillwatch train --track' needs {error.name}, which is not installed: "
                "pip install 'stillwatch[train,export,benchmarks,track]'"
            ) from error
        store.open_store(track)  # before the work, not after it
    status = int(importlib.import_module("stillwatch.train.train_command").run(arguments))
    if status or arguments.recipe != "sensor":
        return status
    try:
        return int(importlib.import_module("stillwatch.export.own_data.chain").run(arguments))
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stillwatch."):
            raise
        print(
            f"no capsule and no report: they need {error.name}; pip install "
            "'stillwatch[train,export,benchmarks]' and say the same again"
        )
        return 0
