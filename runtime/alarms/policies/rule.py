"""What a threshold policy is, and what it comes to for a model."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.capsule.figures import NormalScores
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = [
    "AlarmRule",
    "Budget",
    "Policy",
    "Rate",
    "Rolling",
    "ThresholdPolicy",
    "normal_scores_of",
    "number_in",
    "rate_in",
]

_RATE = re.compile(r"(\d+(?:\.\d+)?)/(hour|day|week|month|year)(?:,(\d+(?:\.\d+)?)s)?", re.ASCII)
_WEEK = 604800
_SECONDS = {"hour": 3600, "day": 86400, "week": _WEEK, "month": 2629800, "year": 31557600}

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
class Rate:
    """So many events in so many seconds, at a row every `period` seconds, where that is said."""

    events: float
    seconds: float
    period: float | None

    @property
    def weekly(self) -> float:
        """Events a week."""
        return self.events * _WEEK / self.seconds

    @property
    def rows(self) -> float:
        """Rows between two events."""
        return self.seconds / (self.period or math.nan) / self.events


@dataclass(frozen=True)
class Budget:
    """The judge that decides in place of a threshold, and the events a week that it may spend."""

    spec: JudgeSpec
    events: float


@dataclass(frozen=True)
class AlarmRule:
    """What a policy comes to for a model: threshold, count and, where it rolls, by what.

    count: None leaves the model's own. budget: where a judge decides; the
    threshold is then what alarms go by until the judge has seen enough.
    """

    policy: str
    value: float
    count: int | None
    rolling: Rolling | None = None
    budget: Budget | None = None


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


def rate_in(text: str) -> Rate | None:
    """Returns the rate that `5/week` or `5/week,60s` says, None where it is none."""
    parts = _RATE.fullmatch(text)
    if not parts or not float(parts[1]) or (parts[3] is not None and not float(parts[3])):
        return None
    period = None if parts[3] is None else float(parts[3])
    return Rate(float(parts[1]), _SECONDS[parts[2]], period)


def number_in(policy: str, text: str) -> float:
    """Returns the finite number that part of a policy is; raises InputError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"expected a number in {policy!r}, got {text!r}")
    return number
