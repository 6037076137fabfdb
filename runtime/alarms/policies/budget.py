"""`budget(N/week,SECONDSs)`: what normal data exceed no more than N times a week.

A budget counts clusters of scores, not scores: one long excursion is one alarm.
"""

import re

from stillwatch.runtime.alarms.policies.rule import AlarmRule, Policy, normal_scores_of
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["POLICY"]

_BUDGET = re.compile(r"(\d+(?:\.\d+)?)/(hour|day|week|month|year),(\d+(?:\.\d+)?)s")
_SECONDS = {"hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600}


def _rule(policy: str, inner: str, info: CapsuleInfo) -> AlarmRule:
    budget = _BUDGET.fullmatch(inner)
    if not budget or not float(budget[1]) or not float(budget[3]):
        raise InputError(
            "expected budget(alarms/hour|day|week|month|year,seconds a sample), as in "
            f"budget(1/week,300s), got {policy!r}"
        )
    tail = normal_scores_of(info).tail
    if tail is None:
        raise InputError(
            "the model's normal data have too few peaks for an alarm budget: calibrate on more"
        )
    rows = _SECONDS[budget[2]] / float(budget[3]) / float(budget[1])
    return AlarmRule(policy, tail.exceeded_once_in(rows), 0)


POLICY = Policy(
    name="budget",
    form="budget(N/week,SECONDSs)",
    example="budget(1/week,300s)",
    meaning="what normal data exceed once a week, at a sample every 300 s: a generalised Pareto "
    "distribution fitted to their peaks",
    rule=_rule,
)
