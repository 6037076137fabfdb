"""One row of the judge: what runtime/alarms/judge/judge.py does with one, as nodes."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from stillwatch.export.graph.judge.account_nodes import Paid, account_nodes, learning_nodes
from stillwatch.export.graph.judge.layout import Layout
from stillwatch.export.graph.judge.moment_nodes import many_nodes
from stillwatch.export.graph.judge.residual_nodes import one_nodes
from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.account import Account
from stillwatch.runtime.alarms.judge.judge import BASE_SURPRISE
from stillwatch.runtime.alarms.judge.learning import Learning
from stillwatch.runtime.alarms.judge.levels import base_level
from stillwatch.runtime.alarms.judge.one import One
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judged import BEGINS, ENDS, LEARNT, NO_NUMBER
from stillwatch.runtime.errors import InputError

__all__ = ["JudgeRow", "JudgedRow"]


class JudgedRow(NamedTuple):
    """alarm, surprise, cost, mark (1, B), parts (C, B): as of runtime/alarms/judged.py."""

    alarm: Term
    surprise: Term
    parts: Term
    cost: Term
    mark: Term


class JudgeRow:
    """What turns a row and a state into nodes; constant for a calibrated judge and a budget."""

    def __init__(self, spec: JudgeSpec, budget: float) -> None:
        """budget: events a week. Raises InputError for a judge without calibration."""
        if not spec.state:
            raise InputError(
                "expected a calibrated judge, got one that takes its first rows to begin with"
            )
        self._spec = spec
        self._rule = spec.constants
        self._account = Account(budget=budget, period=spec.period)
        self._base = BASE_SURPRISE
        if spec.levels:
            self._base = base_level(spec.levels, spec.weeks, budget)
        self.channels = len(spec.centre)
        self.layout = Layout.of(spec, self._account)

    def begun(self, nodes: Nodes, state: Term) -> Term:
        """Returns the state (S, B), in place of zeros what calibration left."""
        start = nodes.table("judge_start", self.layout.start)
        return nodes.where(state.rows(0, 1) > 0.0, state, start)

    def judged(
        self, nodes: Nodes, state: Term, row: Term, bad: Term, silent: Term | None = None
    ) -> tuple[JudgedRow, Term]:
        """Returns what a row (C, B) comes to, in the sensor's units, and the state (S, B) after.

        bad: (1, B), it has no number. silent: (1, B), it is to have no score
        yet, and no alarm; None where each has one.
        """
        old = self.layout.taken_apart(nodes, state)
        centre = nodes.table("judge_centre", np.array(self._spec.centre)[:, None])
        scale = nodes.table("judge_scale", np.array(self._spec.scale)[:, None])
        one = isinstance(self._rule, One)
        last = old["weighing.filters.last" if one else "weighing.repeats.last"]
        x = (nodes.where(bad, last * scale + centre, row) - centre) / scale
        (level, surprise, parts), weighing, usual = self._weighed(nodes, old, x)
        if silent is not None:
            level = nodes.where(silent, -math.inf, level)
        level, parts = nodes.where(bad, math.inf, level), nodes.where(bad, 0.0, parts)
        paid, account = account_nodes(old, level, parts, self._base, self._account)
        learnt, learning = learning_nodes(nodes, old, paid, (x, *usual), Learning())
        after = {**weighing, **account, **learning}
        judged = JudgedRow(
            paid.alarm,
            nodes.where(bad if silent is None else bad | silent, math.nan, surprise),
            paid.parts,
            paid.cost,
            _mark(paid, learnt, bad),
        )
        return judged, self.layout.joined(nodes, state, after, bad)

    def _weighed(
        self, nodes: Nodes, old: Mapping[str, Term], x: Term
    ) -> tuple[tuple[Term, Term, Term], dict[str, Term], tuple[Term, Term]]:
        """Returns level, surprise and parts; the state after; mean and scale before."""
        if isinstance(self._rule, One):
            weighed, after = one_nodes(nodes, old, x, self._rule)
            return weighed, after, (old["weighing.filters.slow"], nodes.constant(1.0))
        weighed, after = many_nodes(nodes, old, x, self._rule)
        variance = old["weighing.moments.variance"]
        return weighed, after, (old["weighing.moments.mean"], variance.root())


def _mark(paid: Paid, learnt: Term, bad: Term) -> Term:
    """Returns the bits of a mark, as uint8."""
    bits = ((paid.begins, BEGINS), (learnt, LEARNT), (paid.ends, ENDS), (bad, NO_NUMBER))
    total: Term | None = None
    for condition, bit in bits:
        part = condition.as_double() * float(bit)
        total = part if total is None else total + part
    assert total is not None  # noqa: S101  (there are four)
    return total.nodes.add("Cast", total, to=TensorProto.UINT8)
