"""`budget(N/week,SECONDSs)`: the judge, which spends no more than so many events a week.

An event costs one, and a standing alarm one an hour; what is spent beyond the
budget raises the threshold until it is earned again, however the data drift.
"""

from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.policies.rule import AlarmRule, Budget, Policy, Rate, rate_in
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["POLICY"]

_SAME = 0.01  # by which a period may differ from the calibration's


def _rule(policy: str, inner: str, info: CapsuleInfo) -> AlarmRule:
    rate = rate_in(inner)
    if rate is None:
        raise InputError(
            "expected budget(events/hour|day|week|month|year,seconds a row), as in "
            f"budget(5/week,60s), got {policy!r}"
        )
    budget = Budget(_spec(policy, rate, info), rate.weekly)
    return AlarmRule(policy, float(info.threshold.value), None, budget=budget)


def _spec(policy: str, rate: Rate, info: CapsuleInfo) -> JudgeSpec:
    spec = info.judge
    if spec is not None:
        if rate.period is not None and abs(rate.period / spec.period - 1) > _SAME:
            raise InputError(
                f"the capsule's judge is calibrated on a row every {spec.period:g} s, got "
                f"{rate.period:g} s: calibrate it on such rows, or score rows as far apart"
            )
        return spec
    if rate.period is None:
        raise InputError(
            "this capsule does not know how far apart its rows are: say so, as in --period 60s or "
            f"budget(5/week,60s), got {policy!r}"
        )
    if len(info.channels) > 1:
        raise InputError(
            "this capsule has no judge to keep a budget with: calibrate it again with --period, "
            "or use tail(5/week,60s)"
        )
    return JudgeSpec.unfitted(rate.period)


POLICY = Policy(
    name="budget",
    form="budget(N/week,SECONDSs)",
    example="budget(5/week,60s)",
    meaning="what the judge spends five events a week on, at a row every 60 s: it follows drift, "
    "and a standing alarm is one event; `--budget 5/week --period 60s` is the same",
    rule=_rule,
)
