"""The threshold policies there are, and the rule that one comes to for a model.

The trained rule of a windowed model has a count too: more than so many scores
above the threshold in the window. The policies of the table judge each score
alone.
"""

import re

from stillwatch.runtime.alarms.policies import budget, quantile, rolling, sigmas, tail
from stillwatch.runtime.alarms.policies.rule import AlarmRule, Policy, ThresholdPolicy
from stillwatch.runtime.arrays import LARGEST
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["DEFAULT_BUDGET", "MEANINGS", "POLICIES", "alarm_rule", "policy_forms"]

# A new policy is a file beside these and a line here.
POLICIES: tuple[Policy, ...] = (
    sigmas.POLICY,
    quantile.POLICY,
    budget.POLICY,
    tail.POLICY,
    rolling.POLICY,
)

# What is written, and what an alarm is then a score above.
MEANINGS = (
    (
        "`trained`, the default of a capsule without a judge, or a number",
        "that, by the trained rule (a windowed model: so many in a window)",
    ),
    *((f"`{policy.example}`", policy.meaning) for policy in POLICIES),
)

DEFAULT_BUDGET = "budget(5/week)"

_CALL = re.compile(r"(\w+)\(([^()]*)\)")
_BY_NAME = {policy.name: policy for policy in POLICIES}


def policy_forms(*, examples: bool = False) -> str:
    """Returns how policies are written, for a line of help or of an error."""
    *first, last = (policy.example if examples else policy.form for policy in POLICIES)
    return f"a number, trained, {', '.join(first)} or {last}"


def alarm_rule(policy: ThresholdPolicy, info: CapsuleInfo) -> AlarmRule:
    """Returns the rule that a policy comes to; raises InputError for one that cannot be.

    None is the default: the budget of a capsule that has the judge in its graph,
    DEFAULT_BUDGET of one that has a judge, else the trained rule.
    """
    if policy is None and info.judge is not None:
        judged = info.graph_judge
        policy = DEFAULT_BUDGET if judged is None else f"budget({judged.budget})"
    if policy is None or policy == "trained":
        return AlarmRule("trained", float(info.threshold.value), None)
    try:
        value = float(policy)
    except OverflowError:
        raise InputError("expected a finite threshold, got a whole number too large") from None
    except (TypeError, ValueError):
        rule = _named(str(policy).replace(" ", ""), info)
    else:
        rule = AlarmRule(repr(value), value, None)  # all its digits: a snapshot goes on with it
    if not abs(rule.value) <= LARGEST:
        raise InputError(f"expected a finite threshold, got {policy!r}")
    return rule


def _named(policy: str, info: CapsuleInfo) -> AlarmRule:
    call = _CALL.fullmatch(policy)
    if not call or call[1] not in _BY_NAME:
        raise InputError(f"expected a threshold as {policy_forms(examples=True)}, got {policy!r}")
    return _BY_NAME[call[1]].rule(policy, call[2], info)
