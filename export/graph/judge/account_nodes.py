"""What a budget pays for, and whether a new level has been learnt: account.py and learning.py."""

from collections.abc import Mapping
from typing import NamedTuple

from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.account import Account
from stillwatch.runtime.alarms.judge.learning import Learning

__all__ = ["Paid", "account_nodes", "learning_nodes"]


class Paid(NamedTuple):
    """A row's alarm, whether it begins an event or ends one, and what it cost, in events: (1, B).

    over: the event that was last is over.
    """

    alarm: Term
    begins: Term
    ends: Term
    cost: Term
    over: Term


def account_nodes(
    nodes: Nodes, state: Mapping[str, Term], level: Term, base: float, account: Account
) -> tuple[Paid, dict[str, Term]]:
    """Returns what a row's level (1, B) comes to, and the account after it."""
    credit, ease, calm = (state[f"account.{name}"] for name in ("credit", "ease", "calm"))
    ends = calm.same(float(account.calm))
    credit = (credit + account.earned).at_most(account.cap)
    ease = nodes.where(credit > 0.0, (ease + account.eased).at_most(1.0), ease)
    alarm = level > base - ease + (0.0 - credit).at_least(0.0) * 0.5
    begins = alarm & (calm > float(account.calm))
    cost = nodes.where(begins, 1.0, nodes.where(alarm, account.standing, 0.0))
    after = {
        "account.credit": credit - cost,
        "account.ease": nodes.where(begins, (ease - 1 / account.budget).at_least(0.0), ease),
        "account.calm": nodes.where(alarm, 0.0, (calm + 1.0).at_most(account.calm + 1.0)),
    }
    over = after["account.calm"] > float(account.calm)
    return Paid(alarm, begins, ends & ~alarm, cost, over), after


def learning_nodes(
    nodes: Nodes,
    state: Mapping[str, Term],
    paid: Paid,
    now: tuple[Term, Term, Term],
    rule: Learning,
) -> tuple[Term, dict[str, Term]]:
    """Returns whether a new level counts as learnt (1, B), and the state after the row.

    now: the row x, and mean and scale before it, (C, B).
    """
    x, mean, scale = now
    kept_mean, kept_scale, watching = (
        state[f"learning.{name}"] for name in ("mean", "scale", "watching")
    )
    begins = paid.begins & watching.same(0.0)
    watching = nodes.where(begins, 1.0, watching)
    kept_mean = nodes.where(begins, mean, kept_mean)
    kept_scale = nodes.where(begins, scale, kept_scale)
    over = (watching > 0.0) & paid.over
    moved = (mean - kept_mean).size() > kept_scale * rule.far
    learnt = over & (moved & ~((x - mean).size() > scale * rule.near)).any()
    back = ~((x - kept_mean).size() > kept_scale * rule.near).any()
    after = {
        "learning.mean": kept_mean,
        "learning.scale": kept_scale,
        "learning.watching": nodes.where(learnt | (over & back), 0.0, watching),
    }
    return learnt, after
