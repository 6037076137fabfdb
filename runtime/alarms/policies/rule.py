"""What a threshold policy is, and what it comes to for a model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.runtime.capsule.figures import NormalScores
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["AlarmRule", "Policy", "Rolling", "ThresholdPolicy", "normal_scores_of", "number_in"]

ThresholdPolicy = float | str | None


@dataclass(frozen=True)
class Rolling:
    """The `quantile` of the last `length` scores."""

    quantile: float
    length: int

    @property
    def rank(self) -> int:
        """Which of the sorted scores it is: one of them, so that nothing is rounded."""
        return math.ceil(self.quantile * self.length) - 1


@dataclass(frozen=True)
class AlarmRule:
    """What a policy comes to for a model: threshold, count and, where it rolls, by what.

    count: None leaves the model's own.
    """

    policy: str
    value: float
    count: int | None
    rolling: Rolling | None = None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A way to say above what to alarm, as `name(figures)`.

    form: how it is written, figures by their names. example: how, with
    figures. meaning: what an alarm is a score above, of the example; README's
    table and the program's help are made of these. rule: of the policy as
    written, of what is in its brackets, and of the model; raises InputError.
    """

    name: str
    form: str
    example: str
    meaning: str
    rule: Callable[[str, str, CapsuleInfo], AlarmRule]


def normal_scores_of(info: CapsuleInfo) -> NormalScores:
    """Returns how normal data score; raises InputError where the capsule does not say."""
    if info.normal_scores is None:
        raise InputError(
            "this capsule does not say how normal data score (it is not calibrated, or of an "
            "older stillwatch): export or calibrate it again"
        )
    return info.normal_scores


def number_in(policy: str, text: str) -> float:
    """Returns the finite number that part of a policy is; raises InputError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"expected a number in {policy!r}, got {text!r}")
    return number
