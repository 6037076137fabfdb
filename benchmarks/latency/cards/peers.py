"""A peer's time over ours on the same weights: ahead or behind, by the interval. Pure functions."""

from collections.abc import Iterator

from stillwatch.benchmarks.latency.cards.card import Card, Timing
from stillwatch.benchmarks.latency.statistics import Ratio, ratio

__all__ = [
    "ALONE",
    "CONTROL",
    "PEERS",
    "WHOLE",
    "compared_networks",
    "ours",
    "peer_ratio",
    "peer_ratios",
    "standing",
]

PEERS = ("mxnet", "pytorch", "openvino-f32", "openvino-default", "numpy", "c")
CONTROL = "linear-window"  # no network: what any network must stand beside
WHOLE = "onnxruntime"  # the capsule: scaling, score and alarm besides the network
ALONE = ("onnxruntime-network", "onnxruntime-operator")  # of windowed and of causal networks
_BULK = "Bulk"


def compared_networks(card: Card) -> list[str]:
    """Returns the networks that were measured in every scenario: those that are shipped."""
    timed = {timing.subject for timing in card.timings if timing.scenario == _BULK}
    return [subject.name for subject in card.subjects if subject.name in timed]


def ours(card: Card, subject: str, scenario: str, *, whole: bool) -> Timing | None:
    """Returns our timing of a network, whole in its capsule or the network alone."""
    engines = (WHOLE,) if whole else ALONE
    timings = (card.timing(subject, engine, scenario) for engine in engines)
    return next((timing for timing in timings if timing is not None), None)


def peer_ratio(
    card: Card, subject: str, engine: str, scenario: str, *, whole: bool
) -> Ratio | None:
    """Returns a peer's time over ours, of the same rounds; None where one was not timed."""
    theirs = card.timing(subject, engine, scenario)
    mine = ours(card, subject, scenario, whole=whole)
    if theirs is None or mine is None or theirs.windows != mine.windows:
        return None
    return ratio(theirs.rounds, mine.rounds)


def peer_ratios(card: Card) -> Iterator[tuple[str, Ratio]]:
    """Yields every peer's ratio on every network, by what it is of, its windows included."""
    of = {(t.subject, t.scenario): t.windows for t in card.timings if t.subject}
    for (subject, scenario), windows in of.items():
        for engine in (*PEERS, CONTROL):
            for whole in (False, True):
                quoted = peer_ratio(card, subject, engine, scenario, whole=whole)
                if quoted is not None:
                    what = "the whole capsule" if whole else "the network alone"
                    yield f"{subject} / {scenario} of {windows:,}: {engine} over {what}", quoted


def standing(quoted: Ratio) -> str:
    """Returns where we stand by a peer's time over ours: the interval decides, else it is even."""
    if quoted.low > 1:
        return "ahead"
    return "behind" if quoted.high < 1 else "even"
