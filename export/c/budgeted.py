"""The judge of a capsule as C: what one row comes to, by the same generator."""

from dataclasses import dataclass

from stillwatch.export.c.generated import Generated, generated
from stillwatch.export.c.judge_vectors import JudgeVector, judge_vector
from stillwatch.export.graph.judge.forms import judge_step_model
from stillwatch.runtime.alarms.policies.policy_table import DEFAULT_BUDGET, alarm_rule
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["JudgeC", "judge_c"]


@dataclass(frozen=True)
class JudgeC:
    """The generated function `judge`; rows: numbers of its state; budget: the policy in words.

    silent: whether it is told of rows that have no score yet. vector: for the self-test.
    """

    made: Generated
    rows: int
    budget: str
    silent: bool
    vector: JudgeVector


def judge_c(info: CapsuleInfo, budget: str | None, name: str) -> JudgeC | None:
    """Returns the judge for a budget such as 5/week; None for a capsule that has none.

    Without a budget it is the runtime's default. Raises InputError for a budget
    of a capsule without a judge, and where the judge is not calibrated.
    """
    if info.judge is None or not info.judge.state:
        if budget is not None:
            raise InputError(
                f"{name} has no calibrated judge to keep a budget: calibrate it with --period"
            )
        return None
    policy = DEFAULT_BUDGET if budget is None else f"budget({budget})"
    rule = alarm_rule(policy, info)
    if rule.budget is None:
        raise InputError(f"expected a budget as 5/week, 1/day or 2/month, got {budget!r}")
    silent = info.scaling.history > 0
    model = judge_step_model(rule.budget.spec, rule.budget.events, silent=silent)
    rows = next(port for port in model.graph.input if port.name == "judge")
    count = rows.type.tensor_type.shape.dim[0].dim_value
    made = generated(model, name, "judge")
    return JudgeC(made, count, rule.policy, silent, judge_vector(rule.budget))
