"""Surprise of residuals and familiarity, as runtime/alarms/judge/tail.py has them."""

import math
from collections.abc import Mapping

import numpy as np

from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.tail import TailRule

__all__ = ["tail_nodes"]


def tail_nodes(
    nodes: Nodes, state: Mapping[str, Term], x: Term, rule: TailRule, prefix: str
) -> tuple[Term, dict[str, Term]]:
    """Returns the surprise of residuals x (K, B), and the tail after them, by the state's names.

    prefix: of those names. Every residual is counted as if it exceeded, and
    what does not is left as it was: a graph has no few to pick.
    """
    peaks_of, kinds = f"{prefix}peaks", _kinds(rule)
    old = {name: state[f"{prefix}{name}"] for name in _NAMES}
    over = x > old["level"]
    rows = (old["rows"] + 1.0).at_most(rule.longest)
    calm = old["calm"] + 1.0
    gone = calm > rule.gap
    closing = gone & (old["top"] > 0.0)
    peak = nodes.where(closing, old["top"], 0.0)
    peaks = _remembered(nodes, state[peaks_of].shaped(rule.peaks, kinds, -1), peak, kinds)
    top = nodes.where(closing, 0.0, old["top"])

    forgiven = _familiarity(nodes, peaks, x, rule)
    rare = (_surprise(old, x, rule) - forgiven).at_least(0.0)
    mean, square = old["mean"], old["square"]
    counted = (x - old["level"]).at_most(mean * rule.most)
    share = 1.0 / (old["exceedances"] + rule.pseudo - rule.first + 1.0)
    gain = rule.quantile / (1 - rule.quantile)
    least = nodes.table(f"{prefix}least", np.reshape(rule.least, (-1, 1)))
    after = {
        "level": nodes.where(over, old["level"] + mean * gain / rows, old["level"] - mean / rows),
        "mean": nodes.where(over, (mean + share * (counted - mean)).at_least(least), mean),
        "square": nodes.where(over, square + share * (counted * counted - square), square),
        "rows": rows,
        "exceedances": nodes.where(
            over, (old["exceedances"] + 1.0).at_most(rule.longest), old["exceedances"]
        ),
        "clusters": nodes.where(over, old["clusters"] + gone.as_double(), old["clusters"]),
        "calm": nodes.where(over, 0.0, calm),
        "top": nodes.where(over, top.at_least(x), top),
        "peaks": peaks.shaped(rule.peaks * kinds, -1),
    }
    result = nodes.where(over, rare, 0.0)
    return result, {f"{prefix}{name}": part for name, part in after.items()}


_NAMES = ("level", "mean", "square", "rows", "exceedances", "clusters", "calm", "top")


def _kinds(rule: TailRule) -> int:
    """Returns K, how many residuals the rule is of."""
    return int(np.size(rule.least))


def _surprise(old: Mapping[str, Term], x: Term, rule: TailRule) -> Term:
    """Returns `surprise` of the residuals, at least 0; what it is below the level is not asked."""
    mean = old["mean"]
    squared = mean * mean
    ratio = squared / (old["square"] - squared).at_least(squared * 1e-12)
    xi = ((1.0 - ratio) / 2.0).clipped(*rule.shape)
    excess = (x - old["level"]).at_least(0.0)
    pareto = (xi * excess / (mean * (1.0 - xi)) + 1.0).log() / xi
    counts = (old["clusters"] / old["exceedances"] * (old["rows"] / rule.aged)).log()
    return (pareto - counts / 2.0 - math.log(1 - rule.quantile)).at_least(0.0)


def _familiarity(nodes: Nodes, peaks: Term, x: Term, rule: TailRule) -> Term:
    """Returns forgives ln(1 + N), by a table: N peaks (P, K, B) of at least alike x."""
    reached = ~(peaks < x * rule.alike)
    count = nodes.reached("ReduceSum", reached.as_double(), (0,), keepdims=0)
    table = np.log(1.0 + np.arange(64))[: rule.peaks + 1]
    return nodes.picked(nodes.table("logarithms", table), count.as_place()) * rule.forgives


def _remembered(nodes: Nodes, peaks: Term, peak: Term, kinds: int) -> Term:
    """Returns the highest peaks (P, K, B), sorted, with one more; a peak of 0 adds none."""
    highest = nodes.table(f"above_{kinds}_peaks", np.full((1, kinds, 1), np.inf))
    first = peaks.rows(0, 1)
    above = nodes.joined([first.at_least(highest), peaks.rows(0, -1)])
    return peaks.at_least(above.at_most(peak))
