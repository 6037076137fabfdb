"""`stillwatch verify MODEL`: whether this machine scores as the capsule says it must."""

import argparse

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.golden_replay import replay

__all__ = ["add_arguments", "replay_golden", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a verification."""
    parser.add_argument("model", help="path of a capsule, or a shipped one such as nab-rds")


def run(arguments: argparse.Namespace) -> int:
    """Replays the golden vectors; returns 0 if they come out as they must, else 1."""
    return 0 if replay_golden(arguments.model) else 1


def replay_golden(model: str) -> bool:
    """Prints what the golden vectors of a capsule gave; returns whether they passed."""
    replayed = replay(Detector.load(model))
    print(
        f"{replayed.vectors} golden vectors: largest difference {replayed.reconstruction:.2g} in "
        f"reconstruction (scaled), {replayed.score:.2g} in score, {replayed.flips} alarms flipped, "
        f"tolerance {replayed.tolerance:g}: {'passed' if replayed.passed else 'FAILED'}"
    )
    return replayed.passed
