"""What the shipped networks are to reach, as ratios in one run, and what a card says of it."""

from dataclasses import dataclass

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.peers import ALONE, WHOLE
from stillwatch.benchmarks.latency.statistics import Ratio, ratio

__all__ = ["AIMS", "AIM_HEADER", "Aim", "aim_rows", "measured", "reached"]

AIM_HEADER = ("what", "against", "aim", "measured", "")

_DEFAULT, _BEFORE, _CAUSAL = "smd-segments", "smd-micro", "nab-rds"
_SIZES = (
    # scenario, windows of it, the aim against OpenVINO
    ("SingleStream", 1, 1.0),
    ("MultiStream", 38, 1 / 1.1),
    ("Offline", 240, 1 / 1.1),
    ("Bulk", 1024, 1.0),
)


@dataclass(frozen=True, kw_only=True)
class Aim:
    """How many times as long `slower` is to take as `faster`, both "subject / engine" of timings.

    aim: None where there is none, and the figure stands for itself.
    """

    what: str
    against: str
    scenario: str
    slower: tuple[str, str]
    faster: tuple[str, str]
    aim: float | None


def _network_alone() -> list[Aim]:
    """Returns the aims of the default capsule's network alone, by peer and windows."""
    return [
        Aim(
            what=f"{_DEFAULT}, the network alone, N = {windows:,}",
            against=engine,
            scenario=scenario,
            slower=(_DEFAULT, engine),
            faster=(_DEFAULT, ALONE[0]),
            aim=of_openvino if engine == "openvino-f32" else 1.3,
        )
        for engine in ("pytorch", "mxnet", "openvino-f32")
        for scenario, windows, of_openvino in _SIZES
    ]


AIMS = (
    Aim(
        what=f"{_DEFAULT}, one window of a machine's channels", against=_BEFORE,
        scenario="Machine", slower=(_BEFORE, "capsule"), faster=(_DEFAULT, "capsule"), aim=11.0,
    ),
    *_network_alone(),
    Aim(
        what=f"{_DEFAULT}, one window of a machine's channels", against="the teacher in Gluon",
        scenario="Machine", slower=("teacher", "mxnet"), faster=(_DEFAULT, "capsule"), aim=600.0,
    ),
    Aim(
        what=f"{_DEFAULT}, a new row of a stream, stride 1", against=_BEFORE,
        scenario="NewRow", slower=(_BEFORE, "stream"), faster=(_DEFAULT, "stream"), aim=11.0,
    ),
    Aim(
        what=f"{_CAUSAL}, one sample through Stream.update", against="a step of pytorch",
        scenario="StreamingStep", slower=(_CAUSAL, "pytorch"), faster=(_CAUSAL, WHOLE), aim=8.0,
    ),
    Aim(
        what=f"{_CAUSAL}, one sample through Stream.update", against="a step of mxnet",
        scenario="StreamingStep", slower=(_CAUSAL, "mxnet"), faster=(_CAUSAL, WHOLE), aim=None,
    ),
    Aim(
        what=f"{_CAUSAL}, one sample in C", against="Stream.update",
        scenario="OneSample", slower=(_CAUSAL, "stream"), faster=(_CAUSAL, "c"), aim=100.0,
    ),
    Aim(
        what=f"{_CAUSAL}, a fleet step of 10,000, judge off", against=ALONE[1],
        scenario="FleetStep", slower=(_CAUSAL, ALONE[1]), faster=(_CAUSAL, WHOLE), aim=15.0,
    ),
)  # fmt: skip


def measured(card: Card, aim: Aim) -> Ratio | None:
    """Returns the ratio, of the same rounds; None where the card has not both."""
    above, below = (card.timing(*of, aim.scenario) for of in (aim.slower, aim.faster))
    return ratio(above.rounds, below.rounds) if above and below else None


def reached(aim: Aim, quoted: Ratio) -> str:
    """Returns whether an aim is reached in words, nothing where there is none."""
    if aim.aim is None:
        return ""
    if quoted.value >= aim.aim:
        return "reached" if quoted.low >= aim.aim else "reached, within its interval"
    return "short of it, within its interval" if quoted.high >= aim.aim else "short of it"


def aim_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each aim; what the card has not is said to be not measured."""
    rows: list[tuple[str, ...]] = []
    for aim in AIMS:
        quoted = measured(card, aim)
        wanted = "" if aim.aim is None else f"{aim.aim:.3g}x"
        figures = ("not measured", "") if quoted is None else (f"{quoted}", reached(aim, quoted))
        rows.append((aim.what, aim.against, wanted, *figures))
    return rows
