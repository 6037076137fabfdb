"""`stillwatch verify MODEL`: whether this machine scores as the capsule says it must."""

import argparse

from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.forecasting import golden
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.info import forecasts
from stillwatch.runtime.golden_replay import replay
from stillwatch.runtime.judged_replay import replay_judged

__all__ = ["add_arguments", "replay_golden", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a verification."""
    parser.add_argument("model", help="path of a capsule, or a shipped one such as nab-rds")


def run(arguments: argparse.Namespace) -> int:
    """Replays the golden vectors; returns 0 if they come out as they must, else 1."""
    return 0 if replay_golden(arguments.model) else 1


def replay_golden(model: str) -> bool:
    """Prints what the golden vectors of a capsule gave; returns whether they passed."""
    content = opening.read_bytes(model)
    if forecasts(opening.open_graph(content, model)[1]):
        result = golden.replay(Forecaster.from_bytes(content, model))
        print(
            f"{result.vectors} golden vectors: largest difference {result.largest:.2g} in "
            f"forecasts (scaled), tolerance {result.tolerance:g}: "
            f"{'passed' if result.passed else 'FAILED'}"
        )
        return result.passed
    detector = Detector.from_bytes(content, model)
    replayed = replay(detector)
    print(
        f"{replayed.vectors} golden vectors: largest difference {replayed.reconstruction:.2g} in "
        f"reconstruction (scaled), {replayed.score:.2g} in score, {replayed.flips} alarms flipped, "
        f"tolerance {replayed.tolerance:g}: {'passed' if replayed.passed else 'FAILED'}"
    )
    judged = replay_judged(detector)
    if judged is None:
        return replayed.passed
    print(
        f"{judged.rows} golden rows through the judge in the graph, whole and in chunks: "
        f"{judged.alarms} alarms, largest difference {judged.largest:.2g} in surprise and state, "
        f"{judged.flips} flipped, tolerance {judged.tolerance:g}: "
        f"{'passed' if judged.passed else 'FAILED'}"
    )
    return replayed.passed and judged.passed
