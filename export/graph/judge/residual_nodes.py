"""The judge of one channel, as runtime/alarms/judge has it in residuals.py, bar.py and one.py."""

import math
from collections.abc import Mapping

import numpy as np

from stillwatch.export.graph.judge.tail_nodes import tail_nodes
from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.bar import Bar
from stillwatch.runtime.alarms.judge.one import One
from stillwatch.runtime.alarms.judge.residuals import Filters

__all__ = ["one_nodes"]

_FILTERS, _TAILS, _BAR = "weighing.filters.", "weighing.tails.", "weighing.bar."


def one_nodes(
    nodes: Nodes, state: Mapping[str, Term], z: Term, rule: One
) -> tuple[tuple[Term, Term, Term], dict[str, Term]]:
    """Returns level, surprise and parts (1, B) of scaled values z (1, B), and the state after."""
    residuals, after = _residuals(nodes, state, z, rule.filters)
    surprises, tails = tail_nodes(nodes, state, residuals, rule.together, _TAILS)
    surprise = (surprises * surprises).total().root()
    level, bar = _bar(nodes, state, surprise, rule.bar)
    return (level, surprise, surprise * surprise), after | tails | bar


def _residuals(
    nodes: Nodes, state: Mapping[str, Term], z: Term, filters: Filters
) -> tuple[Term, dict[str, Term]]:
    """Returns the five residuals (5, B), and the filters after them."""
    old = {name: state[f"{_FILTERS}{name}"] for name in _SCALARS}
    slow, recent = old["slow"], state[f"{_FILTERS}recent"]
    z = z.clipped(-filters.cut, filters.cut)
    row = old["row"].first().as_place()  # all streams are at the same
    place = _remainder(row, filters.short)
    total = old["sum"] + (z - nodes.picked(recent, place))
    recent = _written(nodes, recent, place, z, filters.short)
    full = place.as_double().same(filters.short - 1.0)
    total = nodes.where(full, recent.total(), total)
    step = z - old["last"]
    rough = old["rough"] + (step * step - old["rough"]) / filters.rough
    centre = old["centre"] + (z - old["centre"]) / filters.wide
    off = z - centre
    wide = old["wide"] + (off * off - old["wide"]) / filters.wide
    rough_log, wide_log = ((part.root() + filters.least).log() for part in (rough, wide))
    slots = state.get(f"{_FILTERS}slots")
    nearest, slots = _from_yesterday(nodes, slots, row, z, filters)
    result = [
        (z - slow).size(),
        (total / float(filters.short) - slow).size(),
        nearest,
        (rough_log - old["roughness"]).size(),
        (wide_log - old["spread"]).size(),
    ]
    a = filters.slow
    after = {
        "slow": slow + (z - slow) * a,
        "last": z,
        "recent": recent,
        "sum": total,
        "rough": rough,
        "centre": centre,
        "wide": wide,
        "roughness": old["roughness"] + (rough_log - old["roughness"]) * a,
        "spread": old["spread"] + (wide_log - old["spread"]) * a,
        "row": old["row"] + 1.0,
    }
    after |= {} if slots is None else {"slots": slots}
    return nodes.joined(result), {f"{_FILTERS}{name}": part for name, part in after.items()}


_SCALARS = ("slow", "last", "sum", "rough", "centre", "wide", "roughness", "spread", "row")


def _from_yesterday(
    nodes: Nodes, slots: Term | None, row: Term, z: Term, filters: Filters
) -> tuple[Term, Term | None]:
    """Returns the least distance from yesterday's slots, 0 where there is none, and the slots."""
    if slots is None:
        return z * 0.0, None
    days = row / nodes.whole(filters.day)
    rest = row - days * nodes.whole(filters.day)
    slot = days * nodes.whole(filters.slots)
    slot = slot + rest * nodes.whole(filters.slots) / nodes.whole(filters.day)
    length = filters.slots + 2
    result = []
    for shift in (1, 2, 3):  # of `length - slots` and -1, 0, 1: the sum is not negative
        known = nodes.picked(slots, _remainder(slot + nodes.whole(shift), length))
        result.append(nodes.where(known.same(known), (z - known).size(), math.inf))
    nearest = result[0].at_most(result[1]).at_most(result[2])
    nearest = nodes.where(nearest < math.inf, nearest, 0.0)
    return nearest, _written(nodes, slots, _remainder(slot, length), z, length)


def _bar(
    nodes: Nodes, state: Mapping[str, Term], surprise: Term, bar: Bar
) -> tuple[Term, dict[str, Term]]:
    """Returns the surprise as far as it counts, and the bar after it."""
    height, held = state[f"{_BAR}height"], state[f"{_BAR}held"]
    counts = surprise > height
    raises = counts & (surprise > bar.least)
    fading = nodes.where(held > 0.0, height, height * math.exp(-1 / bar.hold))
    after = {
        f"{_BAR}height": nodes.where(raises, surprise.at_most(bar.most) + bar.above, fading),
        f"{_BAR}held": nodes.where(raises, bar.hold, (held - 1.0).at_least(0.0)),
    }
    return nodes.where(counts, surprise, 0.0), after


def _remainder(number: Term, divisor: int) -> Term:
    """Returns what is left of whole numbers, which are not negative."""
    whole = number.nodes.whole(divisor)
    return number - number / whole * whole


def _written(nodes: Nodes, ring: Term, place: Term, z: Term, length: int) -> Term:
    """Returns the ring (length, B) with z (1, B) at a place."""
    places = nodes.table(f"places_{length}", np.arange(length)[:, None])
    return nodes.where(places.same(place.as_double()), z, ring)
