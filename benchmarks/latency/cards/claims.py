"""What README says of speed, each sentence made of every kind of CPU there is a card of."""

from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.benchmarks.latency.cards.aims import AIMS, measured
from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.kinds import Kept
from stillwatch.benchmarks.latency.cards.peers import PEERS, peer_ratio, standing
from stillwatch.benchmarks.latency.cards.ratios import WINDOWED, faster
from stillwatch.benchmarks.latency.statistics import Ratio

__all__ = ["CLAIMS", "Claim", "claims"]

_FRAMEWORKS = ("pytorch", "mxnet", "openvino-f32")
_DEFAULT = "smd-segments"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence, and the ratio that it is of. text: has {} where the figures by kind go."""

    text: str
    ratio: Callable[[Card], Ratio | None]


def _student(card: Card) -> Ratio | None:
    timing = card.timing("student", "onnxruntime-int8", "SingleStream")
    return faster(card, timing) if timing else None


def _aim(place: str, against: str) -> Callable[[Card], Ratio | None]:
    """Returns what measures an aim, by what it begins with and what it is against."""
    aim = next(a for a in AIMS if place in (a.scenario, a.what) and a.against == against)
    return lambda card: measured(card, aim)


CLAIMS = (
    Claim(
        text="The student in int8 answers a window {} as fast as the teacher in MXNet.",
        ratio=_student,
    ),
    Claim(
        text="The default capsule answers 38 channels {} as fast as the teacher in Gluon.",
        ratio=_aim("Machine", "the teacher in Gluon"),
    ),
    Claim(
        text="`Stream.update` answers a sample of `nab-rds` {} as fast as a step of PyTorch.",
        ratio=_aim("StreamingStep", "a step of pytorch"),
    ),
    Claim(
        text="In C the same sample takes no `Stream.update`, and is answered {} as fast.",
        ratio=_aim("OneSample", "Stream.update"),
    ),
)


def claims(kept: Kept) -> list[str]:
    """Returns the sentences; a kind of CPU whose card has no such figure is not in them.

    The last says of the default network where other frameworks are ahead, on each kind.
    """
    result = []
    for claim in CLAIMS:
        figures = {name: claim.ratio(card) for name, (card, _) in kept.items()}
        said = [f"{_times(r)} ({name})" for name, r in figures.items() if r is not None]
        if said:
            result.append(claim.text.format(_listed(said)))
    return [*result, *_peers(kept)]


def _peers(kept: Kept) -> list[str]:
    """Returns a sentence a kind of CPU on frameworks beside the default network alone."""
    result = []
    for name, (card, _) in kept.items():
        places: dict[str, list[str]] = {"ahead": [], "even": [], "behind": []}
        for scenario in WINDOWED:
            for engine in (e for e in PEERS if e in _FRAMEWORKS):
                quoted = peer_ratio(card, _DEFAULT, engine, scenario, whole=False)
                timing = card.timing(_DEFAULT, engine, scenario)
                if quoted is not None and timing is not None:
                    places[standing(quoted)].append(f"{engine} at N = {timing.windows:,}")
        if not any(places.values()):
            continue
        parts = [
            f"{where} of {_listed(them)}" if where != "even" else f"even with {_listed(them)}"
            for where, them in places.items()
            if them
        ]
        text = "; ".join(parts).replace("behind of", "behind")
        result.append(f"On {name} the default network alone is {text}.")
    return result


def _times(quoted: Ratio) -> str:
    return f"{quoted.value:.3g} times" if quoted.value < 100 else f"{quoted.value:,.0f} times"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
