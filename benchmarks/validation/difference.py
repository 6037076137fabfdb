"""How far a framework's answer is from float64's, and whether that is within its tolerance."""

from dataclasses import dataclass

import numpy as np

from stillwatch.benchmarks.validation.case import Prepared
from stillwatch.export.verify.graph_answers import Answer

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far a framework is from float64 NumPy.

    largest, mean: of the reconstruction in scaled units, less what the rounding
    of a graph's outputs explains. units: the largest in the sensor's units.
    score, score_mean: relative to scores above one. exact: of single
    precision, where no alarm may flip.
    """

    model: str
    framework: str
    largest: float
    mean: float
    units: float
    score: float
    score_mean: float
    flips: int
    alarms: int
    tolerance: float
    exact: bool

    @property
    def passed(self) -> bool:
        """Whether it agrees: within tolerance, and no alarm flipped where it is exact.

        Of low precision the mean is held to the tolerance: it errs by a share of
        what it is given, so its largest difference is that of the series' wildest value.
        """
        if self.exact:
            return self.largest <= self.tolerance and not self.flips
        return self.mean <= self.tolerance


def difference(p: Prepared, answer: Answer, tolerance: float, *, exact: bool) -> Difference:
    """Returns how far an answer is from the one that float64 gave, `p`.

    tolerance, exact: as in the Difference, of the framework that answered.
    """
    off = np.abs(answer.reconstruction - p.decoded)
    beyond = np.maximum(off - answer.rounding, 0)
    given = p.score if answer.score is None else answer.score
    score = np.abs(given - p.score) / np.maximum(1.0, np.abs(p.score))
    return Difference(
        model=p.case.name,
        framework=answer.framework,
        largest=float(beyond.max()),
        mean=float(beyond.mean()),
        units=float((off * p.moments.scale).max()),
        score=float(score.max()),
        score_mean=float(score.mean()),
        flips=int((answer.alarm != p.alarm).sum()),
        alarms=int(p.alarm.sum()),
        tolerance=tolerance,
        exact=exact,
    )
