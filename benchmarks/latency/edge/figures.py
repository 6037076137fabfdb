"""The edge runtime's figures beside their aims, from a card and two more measurements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.benchmarks.latency.cards.card import Card, Timing
from stillwatch.benchmarks.latency.statistics import Ratio, ratio

__all__ = ["EDGE_HEADER", "Figure", "edge_rows", "figures"]

EDGE_HEADER = ("what", "against", "at least", "measured", "")

_INT8 = "onnxruntime-int8-projected"
_AIMS_INT8 = {
    "SingleStream": {"pytorch": 3.8, "mxnet": 10.0, "openvino-default": 2.2},
    "MultiStream": {"pytorch": 2.4, "mxnet": 3.0, "openvino-default": 1.4},
    "Offline": {"pytorch": 2.4, "mxnet": 3.0, "openvino-default": 1.4},
}
_LIKE_FOR_LIKE = ("pytorch", "mxnet", "openvino-f32")
_MOST_MIB = 150.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A ratio, or a figure in MiB, and what it is to reach. low, high: its 99 % interval."""

    what: str
    against: str
    aim: float
    measured: float
    low: float
    high: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether it is reached; memory is to stay below its aim, ratios above theirs."""
        return self.measured < self.aim if self.unit == "MiB" else self.measured >= self.aim


def figures(card: Card, threads: Mapping[str, Ratio], memory: Mapping[str, float]) -> list[Figure]:
    """Returns every figure that the card has the engines for."""
    result = []
    for scenario, aims in _AIMS_INT8.items():
        for engine, aim in aims.items():
            result += _ratio(card, "student", scenario, engine, _INT8, aim)
    for scenario in _AIMS_INT8:
        for engine in _LIKE_FOR_LIKE:
            result += _ratio(card, "student", scenario, engine, "onnxruntime-projected", 1.3)
    for engine, quoted in threads.items():
        what = f"256 windows of the student, {engine}, two threads"
        result.append(_figure(what, "one thread", 1.8, quoted))
    result += _ratio(card, "nab-rds", "FleetStep", "onnxruntime-operator", "onnxruntime", 15.0)
    result += _ratio(card, "nab-rds", "StreamingStep", "pytorch", "onnxruntime", 5.0)
    result += _cold(card)
    for samples, mib in memory.items():
        what = f"resident memory of a process that scores {samples} samples"
        result.append(
            Figure(
                what=what, against="", aim=_MOST_MIB, measured=mib, low=mib, high=mib, unit="MiB"
            )
        )
    return result


def edge_rows(result: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Returns figures, as JSON has them, as rows of text."""
    rows: list[tuple[str, ...]] = []
    for entry in result:
        figure = Figure(**entry)
        if figure.unit == "MiB":
            aim, measured = f"under {figure.aim:g} MiB", f"{figure.measured:.0f} MiB"
        else:
            aim = f"{figure.aim:g}x"
            measured = _digits(figure.measured, figure.aim)
            if figure.low < figure.high:
                measured += f" ({figure.low:.3g} to {figure.high:.3g})"
        met = "" if figure.met else "short of it"
        rows.append((figure.what, figure.against, aim, measured, met))
    return rows


def _digits(measured: float, aim: float) -> str:
    """Returns a ratio in three digits, or in as many as tell it from an aim that it missed."""
    digits = 3
    while measured < aim <= float(f"{measured:.{digits}g}"):
        digits += 1
    return f"{measured:.{digits}g}x"


def _ratio(
    card: Card, subject: str, scenario: str, slower: str, faster: str, aim: float
) -> list[Figure]:
    """Returns how many times longer one engine takes than another; nothing without both."""
    above, below = (card.timing(subject, engine, scenario) for engine in (slower, faster))
    if above is None or below is None:
        return []
    what = f"{subject}, {_named(below)}, {faster}"
    return [_figure(what, slower, aim, ratio(above.rounds, below.rounds))]


def _named(timing: Timing) -> str:
    unit = "streams" if timing.scenario in ("FleetStep", "StreamingStep") else "windows"
    count = f"{timing.windows:,} {unit}" if timing.windows > 1 else f"one {unit[:-1]}"
    return count if unit == "windows" else f"one step of {count}"


def _cold(card: Card) -> list[Figure]:
    by_engine = {cold.engine: cold for cold in card.cold}
    if not {"pytorch", "onnxruntime"} <= by_engine.keys():
        return []
    torch, ours = by_engine["pytorch"], by_engine["onnxruntime"]
    # Imports, load and first answer, as the aim has it; Python's own start is everyone's.
    spans = [
        [[sum(parts)] for parts in zip(c.imports_ms, c.load_ms, c.first_ms, strict=True)]
        for c in (torch, ours)
    ]
    held = [[[mib] for mib in cold.resident_mib] for cold in (torch, ours)]
    what = "a process that imports, loads and scores once"
    return [
        _figure(f"{what}: time", "pytorch", 8.0, ratio(*spans)),
        _figure(f"{what}: memory", "pytorch", 3.0, ratio(*held)),
    ]


def _figure(what: str, against: str, aim: float, quoted: Ratio) -> Figure:
    return Figure(
        what=what, against=against, aim=aim, measured=quoted.value, low=quoted.low,
        high=quoted.high,
    )  # fmt: skip
