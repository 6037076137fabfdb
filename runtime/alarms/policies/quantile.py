"""`quantile(Q)`: a quantile of normal data's scores, of those that the capsule has."""

from stillwatch.runtime.alarms.policies.rule import AlarmRule, Policy, number_in
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["POLICY"]


def _rule(policy: str, inner: str, info: CapsuleInfo) -> AlarmRule:
    known = {float(q): value for q, value in info.error_quantiles.items()}
    if (q := number_in(policy, inner)) not in known:
        raise InputError(
            f"expected one of the quantiles that the capsule has, "
            f"{', '.join(f'{q:g}' for q in known) or 'none: it is not calibrated'}, got {inner}"
        )
    return AlarmRule(policy, known[q], 0)


POLICY = Policy(
    name="quantile",
    form="quantile(Q)",
    example="quantile(0.999)",
    meaning="that quantile of the scores of normal data",
    rule=_rule,
)
