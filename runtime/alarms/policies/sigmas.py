"""`sigmas(K)`: the mean of normal data's scores and so many of their deviations."""

from stillwatch.runtime.alarms.policies.rule import (
    AlarmRule,
    Policy,
    normal_scores_of,
    number_in,
)
from stillwatch.runtime.capsule.info import CapsuleInfo

__all__ = ["POLICY"]


def _rule(policy: str, inner: str, info: CapsuleInfo) -> AlarmRule:
    normal = normal_scores_of(info)
    sigmas = float(normal.sigmas) if inner == "picked" else number_in(policy, inner)
    return AlarmRule(policy, normal.mean + sigmas * normal.deviation, 0)


POLICY = Policy(
    name="sigmas",
    form="sigmas(K)",
    example="sigmas(3)",
    meaning="mean + 3 deviations of the scores of normal data; `sigmas(picked)` takes 2 to 4 of "
    "them, as picked on the last part of these data",
    rule=_rule,
)
