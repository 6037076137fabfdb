"""Threshold policies: above what an alarm is raised, chosen when a model is used.

| policy                 | an alarm is a score above                                          |
|------------------------|--------------------------------------------------------------------|
| `trained`              | the trained threshold, by the trained rule                         |
| a number               | that number, by the trained rule                                   |
| `sigmas(k)`            | mean + k deviations of the scores of normal data                   |
| `sigmas(picked)`       | the same, k from 2 to 4 as picked on the last part of these        |
| `quantile(q)`          | that quantile of the scores of normal data                         |
| `budget(n/week,300s)`  | what normal data exceed n times a week at a sample every 300 s     |
| `rolling(q,n)`         | the q quantile of the n scores before it: follows a drift          |

The trained rule of a windowed model has a count too: more than so many such
scores in the window. The policies below the second row judge each score
alone. A budget counts clusters of scores, not scores: one long excursion is
one alarm. Until n scores have come, `rolling` goes by the trained threshold.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import LARGEST, AnyArray
from stillwatch.runtime.capsule.figures import NormalScores
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["AlarmRule", "Rolling", "ThresholdPolicy", "alarm_rule", "rolling_thresholds"]

ThresholdPolicy = float | str | None

_CALL = re.compile(r"(\w+)\(([^()]*)\)")
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)/(hour|day|week|month|year),(\d+(?:\.\d+)?)s")
_SECONDS = {"hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600}
_FORMS = "a number, trained, sigmas(3), quantile(0.99), budget(1/week,300s) or rolling(0.99,2016)"
_LONGEST = 10**6
_BLOCK = 2**20  # scores whose histories are held in memory at once


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


def alarm_rule(policy: ThresholdPolicy, info: CapsuleInfo) -> AlarmRule:
    """Returns the rule that a policy comes to; raises InputError for one that cannot be."""
    trained = float(info.threshold.value)
    if policy is None or policy == "trained":
        return AlarmRule("trained", trained, None)
    try:
        value = float(policy)
    except OverflowError:
        raise InputError("expected a finite threshold, got a whole number too large") from None
    except (TypeError, ValueError):
        rule = _named(str(policy).replace(" ", ""), info, trained)
    else:
        rule = AlarmRule(repr(value), value, None)  # all its digits: a snapshot goes on with it
    if not abs(rule.value) <= LARGEST:
        raise InputError(f"expected a finite threshold, got {policy!r}")
    return rule


def _named(policy: str, info: CapsuleInfo, trained: float) -> AlarmRule:
    found = _CALL.fullmatch(policy)
    if not found:
        raise InputError(f"expected a threshold as {_FORMS}, got {policy!r}")
    name, inner = found.groups()
    if name == "rolling":
        return AlarmRule(policy, trained, 0, _rolling(policy, inner))
    if name == "budget":
        return AlarmRule(policy, _budget(policy, inner, info), 0)
    if name == "quantile":
        known = {float(q): value for q, value in info.error_quantiles.items()}
        if (q := _number(policy, inner)) not in known:
            raise InputError(
                f"expected one of the quantiles that the capsule has, "
                f"{', '.join(f'{q:g}' for q in known) or 'none: it is not calibrated'}, got {inner}"
            )
        return AlarmRule(policy, known[q], 0)
    if name == "sigmas":
        normal = _normal(info)
        sigmas = float(normal.sigmas) if inner == "picked" else _number(policy, inner)
        return AlarmRule(policy, normal.mean + sigmas * normal.deviation, 0)
    raise InputError(f"expected a threshold as {_FORMS}, got {policy!r}")


def _rolling(policy: str, inner: str) -> Rolling:
    quantile, _, length = inner.partition(",")
    short = length.isdecimal() and len(length) <= len(str(_LONGEST))  # int() of a long text fails
    if not short or not 2 <= int(length) <= _LONGEST:
        raise InputError(
            f"expected rolling(q,n), n scores from 2 to {_LONGEST}, as in rolling(0.99,2016), "
            f"got {policy!r}"
        )
    q = _number(policy, quantile)
    if not 0 < q <= 1:
        raise InputError(f"expected a quantile above 0 and up to 1, got {policy!r}")
    return Rolling(q, int(length))


def _budget(policy: str, inner: str, info: CapsuleInfo) -> float:
    found = _BUDGET.fullmatch(inner)
    if not found or not float(found[1]) or not float(found[3]):
        raise InputError(
            "expected budget(alarms/hour|day|week|month|year,seconds a sample), as in "
            f"budget(1/week,300s), got {policy!r}"
        )
    tail = _normal(info).tail
    if tail is None:
        raise InputError(
            "the model's normal data have too few peaks for an alarm budget: calibrate on more"
        )
    rows = _SECONDS[found[2]] / float(found[3]) / float(found[1])
    return tail.exceeded_once_in(rows)


def _normal(info: CapsuleInfo) -> NormalScores:
    if info.normal_scores is None:
        raise InputError(
            "this capsule does not say how normal data score (it is not calibrated, or of an "
            "older stillwatch): export or calibrate it again"
        )
    return info.normal_scores


def _number(policy: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"expected a number in {policy!r}, got {text!r}")
    return number


def rolling_thresholds(
    scores: AnyArray, past: AnyArray, rolling: Rolling, start: float
) -> AnyArray:
    """Returns the threshold of each score (N, T), from those before it.

    past: (N, P), the up to `length` scores before the first. A score with
    fewer before it than `length` has the threshold `start`.
    """
    seen = np.concatenate([past, scores], axis=1)[:, :-1]
    thresholds = np.full(scores.shape, start, scores.dtype)
    first = rolling.length - past.shape[1]  # of the scores to have a whole history
    if first >= scores.shape[1]:
        return thresholds
    histories = np.lib.stride_tricks.sliding_window_view(seen, rolling.length, axis=1)
    step = max(1, _BLOCK // (rolling.length * len(scores)))
    for begin in range(0, histories.shape[1], step):
        block = histories[:, begin : begin + step]
        ordered = np.partition(block, rolling.rank, axis=2)
        thresholds[:, first + begin : first + begin + step] = ordered[..., rolling.rank]
    return thresholds
