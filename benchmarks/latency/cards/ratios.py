"""The ratios that a card is read for, each of the same rounds where it can be."""

from stillwatch.benchmarks.latency.cards.aims import AIMS, measured
from stillwatch.benchmarks.latency.cards.card import Card, Timing
from stillwatch.benchmarks.latency.cards.peers import peer_ratios
from stillwatch.benchmarks.latency.plan import BASELINE, SAME_WEIGHTS
from stillwatch.benchmarks.latency.statistics import Ratio, ratio

__all__ = ["SAME_WEIGHTS", "WINDOWED", "beside", "faster", "quoted_ratios", "slower"]

WINDOWED = ("SingleStream", "MultiStream", "Offline", "Bulk")


def faster(card: Card, timing: Timing) -> Ratio | None:
    """Returns how many times faster than the teacher in MXNet, None where that was not timed."""
    if timing.baseline:
        return ratio(timing.baseline, timing.rounds)
    base = card.timing(*BASELINE, timing.scenario)
    if base is None or timing.scenario not in WINDOWED:
        return None
    return ratio(base.rounds, timing.rounds, paired=base.subject == timing.subject)


def slower(card: Card, timing: Timing) -> Ratio | None:
    """Returns how many times slower than the int8 capsule of the same network, None without it."""
    base = card.timing(timing.subject, SAME_WEIGHTS[1], timing.scenario)
    return ratio(timing.rounds, base.rounds) if base and base is not timing else None


def quoted_ratios(card: Card) -> dict[str, Ratio]:
    """Returns every ratio that the tables quote, by what it is of, its windows included.

    A quick run's Offline scenario has fewer than a full one's, and other ratios.
    """
    result = {}
    for timing in card.timings:
        name = f"{' / '.join(timing.key)} of {timing.windows:,}"
        for what, quoted in (("faster", faster(card, timing)), ("slower", slower(card, timing))):
            if quoted is not None:
                result[f"{name}: {what}"] = quoted
    return result | beside(card)


def beside(card: Card) -> dict[str, Ratio]:
    """Returns the ratios to peers, and those that have aims, by what they are of."""
    result = dict(peer_ratios(card))
    for aim in AIMS:
        quoted = measured(card, aim)
        if quoted is not None:
            result[f"{aim.what} ({aim.scenario}): {aim.against}"] = quoted
    return result
