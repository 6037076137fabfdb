"""Two kinds of CPU side by side: the same ratios on both, and where one says otherwise."""

from dataclasses import dataclass

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.peers import standing
from stillwatch.benchmarks.latency.cards.ratios import beside, faster
from stillwatch.benchmarks.latency.statistics import Ratio

__all__ = ["Pair", "across", "pair_rows", "turned"]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One ratio on two machines."""

    what: str
    one: Ratio
    other: Ratio

    @property
    def turned(self) -> bool:
        """Whether we are ahead on one and behind on the other."""
        return {standing(self.one), standing(self.other)} == {"ahead", "behind"}


def across(one: Card, other: Card) -> list[Pair]:
    """Returns every ratio that both cards have: peers, aims, and multiples of the teacher."""
    here, there = _ratios(one), _ratios(other)
    return [
        Pair(what=what, one=quoted, other=there[what])
        for what, quoted in here.items()
        if what in there
    ]


def turned(pairs: list[Pair]) -> list[Pair]:
    """Returns those that are ahead on one machine and behind on the other."""
    return [pair for pair in pairs if pair.turned]


def pair_rows(pairs: list[Pair]) -> list[tuple[str, ...]]:
    """Returns pairs as rows of text: what, on the one, on the other, and what that says."""
    return [(pair.what, str(pair.one), str(pair.other), _said(pair)) for pair in pairs]


def _said(pair: Pair) -> str:
    one, other = standing(pair.one), standing(pair.other)
    if pair.turned:
        return f"{one.upper()} ON THE FIRST, {other.upper()} ON THE SECOND"
    return one if one == other else f"{one} and {other}"


def _ratios(card: Card) -> dict[str, Ratio]:
    """Returns the ratios that mean the same on any machine, by what they are of."""
    result = beside(card)
    for timing in card.timings:
        quoted = faster(card, timing)
        if quoted is not None:
            of = f"{timing.subject} / {timing.scenario} of {timing.windows:,}"
            result[f"{of}: the teacher in MXNet over {timing.engine}"] = quoted
    return result
