"""The judge of many channels, as moments.py, frozen.py and many.py have it in NumPy."""

from collections.abc import Mapping

from stillwatch.export.graph.judge.tail_nodes import tail_nodes
from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.frozen import Repeats
from stillwatch.runtime.alarms.judge.many import Many
from stillwatch.runtime.alarms.judge.moments import MomentRates

__all__ = ["many_nodes"]

_MOMENTS, _REPEATS, _TAIL = "weighing.moments.", "weighing.repeats.", "weighing.tail."


def many_nodes(
    nodes: Nodes, state: Mapping[str, Term], x: Term, rule: Many
) -> tuple[tuple[Term, Term, Term], dict[str, Term]]:
    """Returns level and surprise (1, B) and parts (C, B) of values x (C, B), and the state after.

    x: scaled.
    """
    z, moments = _moments(state, x, rule.moments)
    r, repeats = _repeats(nodes, state, x, rule.repeats)
    parts = z * z + r * r
    level = (parts.total() + 1e-3).log()
    surprise, tail = tail_nodes(nodes, state, level, rule.tail, _TAIL)
    return (level, surprise, parts), moments | repeats | tail


def _moments(
    state: Mapping[str, Term], x: Term, rates: MomentRates
) -> tuple[Term, dict[str, Term]]:
    """Returns the deviations (C, B), cut, and the moments after them."""
    mean, variance, high, low = (
        state[f"{_MOMENTS}{name}"] for name in ("mean", "variance", "high", "low")
    )
    scale = variance.root().at_least((high - low) * rates.floor).at_least(rates.least)
    z = (x - mean) / scale
    pulled = z.clipped(-rates.pull, rates.pull) * scale
    seen = x.clipped(-rates.reach, rates.reach)
    after = {
        "mean": mean + pulled * rates.learn,
        "variance": variance + (pulled * pulled - variance) * rates.learn,
        "high": seen.at_least(high + (mean - high) * rates.forget),
        "low": seen.at_most(low + (mean - low) * rates.forget),
    }
    return z.clipped(-rates.cut, rates.cut), {f"{_MOMENTS}{n}": part for n, part in after.items()}


def _repeats(
    nodes: Nodes, state: Mapping[str, Term], x: Term, rule: Repeats
) -> tuple[Term, dict[str, Term]]:
    """Returns the deviations (C, B) that repeats count as, and their state after them."""
    last, run, longest = (state[f"{_REPEATS}{name}"] for name in ("last", "run", "longest"))
    run = nodes.where(x.same(last), run + 1.0, 0.0)
    ratio = run / longest.at_least(rule.least) - 1.0
    result = ratio.clipped(0.0, 1.0) * rule.cut
    after = {
        "last": x,
        "run": run,
        "longest": longest + (run - longest).at_least(0.0) * rule.learn,
    }
    return result, {f"{_REPEATS}{name}": part for name, part in after.items()}
