"""Replays a capsule's golden vectors on this machine."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Replay", "replay"]


@dataclass(frozen=True)
class Replay:
    """Largest differences from the golden vectors.

    reconstruction: in scaled units. score, contribution: relative to
    scores above one.
    flips: alarms that came out the other way.
    """

    vectors: int
    reconstruction: float
    score: float
    contribution: float
    flips: int
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether this machine scores as the capsule says it must."""
        return (
            max(self.reconstruction, self.score, self.contribution) <= self.tolerance
            and not self.flips
        )


def replay(detector: Detector) -> Replay:
    """Returns how far this machine's answers are from a capsule's golden vectors."""
    info = detector.info
    # The figures are of what a graph holds by itself: in single precision.
    figures = (np.array([part], np.float32).astype(np.float64) for part in (info.mean, info.scale))
    trained = Moments(*figures)
    rule = alarm_rule("trained", info)
    largest_reconstruction = largest_score = largest_part = 0.0
    flips = 0
    for golden in info.golden:
        # Their text has nine digits, which name a float32 number: of that the answers are.
        values = np.array(golden.values, np.float32).astype(np.float64)
        answers, _ = detector.model.run(values[None], trained, rule)
        score, alarm, reconstruction, _, parts = (array[0] for array in answers.arrays())
        expected = np.array(golden.score)
        wanted = np.array(golden.reconstruction)
        # In the sensor's units single precision rounds by its distance from zero, however small
        # the scale is beside it; that is no difference between networks.
        rounding = 2 * np.finfo(np.float32).eps * np.abs(wanted)
        off = np.maximum(np.abs(reconstruction - wanted) - rounding, 0) / trained.scale
        largest_reconstruction = max(largest_reconstruction, float(off.max()))
        size = np.maximum(1.0, np.abs(expected))
        largest_score = max(largest_score, float((np.abs(score - expected) / size).max()))
        off = np.abs(parts.sum(axis=1, dtype=np.float64) - expected) / size
        largest_part = max(largest_part, float(off.max()))
        if golden.contribution is not None:
            off = np.abs(parts - np.array(golden.contribution)) / size[:, None]
            largest_part = max(largest_part, float(off.max()))
        flips += int((alarm != np.array(golden.alarm)).sum())
    return Replay(
        vectors=len(info.golden),
        reconstruction=largest_reconstruction,
        score=largest_score,
        contribution=largest_part,
        flips=flips,
        tolerance=info.tolerance,
    )
