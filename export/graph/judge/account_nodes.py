"""What a budget pays for, and whether a new level has been learnt: account.py and learning.py."""

from collections.abc import Mapping
from typing import NamedTuple

from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.account import LEAST_PART, Account
from stillwatch.runtime.alarms.judge.learning import Learning

__all__ = ["Paid", "account_nodes", "learning_nodes"]


class Paid(NamedTuple):
    """A row's alarm, whether it begins an event or ends one, and what it cost, in events: (1, B).

    over: the event that was last is over. parts: (C, B), as far as they were heard.
    """

    alarm: Term
    begins: Term
    ends: Term
    cost: Term
    over: Term
    parts: Term


def account_nodes(
    state: Mapping[str, Term], level: Term, parts: Term, base: float, account: Account
) -> tuple[Paid, dict[str, Term]]:
    """Returns what a row's level (1, B) and parts (C, B) come to, and the account after it."""
    nodes = level.nodes
    credit, ease, calm, debt = (
        state[f"account.{name}"] for name in ("credit", "ease", "calm", "debt")
    )
    ends = calm.same(float(account.calm))
    credit = (credit + account.earned).at_most(account.cap)
    solvent = credit > 0.0
    ease = nodes.where(solvent, (ease + account.eased).at_most(account.most), ease)
    debt = (debt - account.earned).at_least(0.0)
    dear = nodes.where(calm > float(account.calm), account.dear * account.again, account.dear)
    heard = parts * (debt * (0.0 - dear)).exp()
    level = level + ((heard.total() + 1e-3) / (parts.total() + 1e-3)).log()
    alarm = level > base - ease + (0.0 - credit).at_least(0.0) * account.dear
    begins = alarm & (calm > float(account.calm))
    stands = alarm & ~begins
    cost = nodes.where(begins, 1.0, nodes.where(stands, account.standing, 0.0))
    owed = stands & ~solvent
    share = heard / heard.largest().at_least(LEAST_PART)
    after = {
        "account.credit": nodes.where(owed, credit, credit - cost),
        "account.ease": nodes.where(begins, (ease - account.tightened).at_least(0.0), ease),
        "account.calm": nodes.where(alarm, 0.0, (calm + 1.0).at_most(account.calm + 1.0)),
        "account.debt": nodes.where(owed, debt + share * account.standing, debt),
    }
    over = after["account.calm"] > float(account.calm)
    return Paid(alarm, begins, ends & ~alarm, cost, over, heard), after


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
