"""The judge's state as one tensor (S, B): what is in which rows, and what it begins with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.account import Account, start_account
from stillwatch.runtime.alarms.judge.learning import start_learning
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judge.state import flat
from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["BEGUN", "Layout"]

BEGUN = "begun"  # the first row: 1 once a row has been judged, so that zeros mean the beginning


@dataclass(frozen=True)
class Layout:
    """heights: rows of each part, by the name that a snapshot has for it. start: (S, 1)."""

    heights: Mapping[str, int]
    start: Float64

    @classmethod
    def of(cls, spec: JudgeSpec, account: Account) -> "Layout":
        """Returns the layout of a calibrated judge, which begins as calibration left it."""
        parts: dict[str, AnyArray] = {BEGUN: np.ones((1, 1))}
        parts |= flat(spec.start(1), "weighing.")
        parts |= flat(start_account(account, len(spec.centre), 1), "account.")
        parts |= flat(start_learning(len(spec.centre), 1), "learning.")
        parts = {name: array for name, array in parts.items() if array.size}
        parts = {name: parts[name] for name in sorted(parts, key=_is_kept, reverse=True)}
        rows = [np.reshape(array, (-1, 1)).astype(np.float64) for array in parts.values()]
        heights = {name: len(part) for name, part in zip(parts, rows, strict=True)}
        return cls(heights, np.concatenate(rows))

    def taken_apart(self, nodes: Nodes, state: Term) -> dict[str, Term]:
        """Returns the parts (rows, B) of a state (S, B), by name."""
        parts = nodes.split(state, list(self.heights.values()))
        return dict(zip(self.heights, parts, strict=True))

    def joined(self, nodes: Nodes, state: Term, parts: Mapping[str, Term], bad: Term) -> Term:
        """Returns the state (S, B) of parts after a row; where it is bad, what it has to keep.

        state: before it. parts: all but BEGUN.
        """
        kept = [name for name in self.heights if _is_kept(name)]
        rows = sum(self.heights[name] for name in kept)
        before = state.rows(0, rows)
        now = [before.rows(0, 1), *(parts[name] for name in kept if name != BEGUN)]
        after = nodes.where(bad, before, nodes.joined(now))
        others = [parts[name] for name in self.heights if not _is_kept(name)]
        return nodes.joined([after, *others])


# Of a row without a number too: the rings take what stands in for it, and rows are counted.
_GO_ON = [f"weighing.filters.{name}" for name in ("recent", "sum", "slots", "row")]


def _is_kept(name: str) -> bool:
    """Whether a part stays as it is where a row has no number."""
    return name == BEGUN or (name.startswith("weighing.") and name not in _GO_ON)
