"""`tail(N/week,SECONDSs)`: what normal data exceed no more than N times a week.

It counts clusters of scores, not scores: one long excursion is one alarm. The
threshold is fixed, and data that drift are no longer normal: `budget` follows
them. In releases before 0.2 this policy was called `budget`.
"""

from stillwatch.runtime.alarms.policies.rule import (
    AlarmRule,
    Policy,
    normal_scores_of,
    rate_in,
)
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["POLICY"]


def _rule(policy: str, inner: str, info: CapsuleInfo) -> AlarmRule:
    rate = rate_in(inner)
    if rate is None or rate.period is None:
        raise InputError(
            "expected tail(alarms/hour|day|week|month|year,seconds a sample), as in "
            f"tail(1/week,300s), got {policy!r}"
        )
    tail = normal_scores_of(info).tail
    if tail is None:
        raise InputError("the model's normal data have too few peaks for a tail: calibrate on more")
    return AlarmRule(policy, tail.exceeded_once_in(rate.rows), 0)


POLICY = Policy(
    name="tail",
    form="tail(N/week,SECONDSs)",
    example="tail(1/week,300s)",
    meaning="what normal data exceed once a week, at a sample every 300 s: a generalised Pareto "
    "distribution fitted to their peaks",
    rule=_rule,
)
