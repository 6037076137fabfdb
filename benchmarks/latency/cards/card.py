"""Latency cards: what one run of `stillwatch bench` measured; the dataclasses are the schema."""

import statistics
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.report.machine import Machine

__all__ = [
    "CARD_SCHEMA",
    "Card",
    "Cold",
    "Energy",
    "EngineEntry",
    "Machine",
    "Parity",
    "Peaks",
    "SubjectEntry",
    "Sweep",
    "Timing",
]

CARD_SCHEMA = 3


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """What the machine can do: single-precision GEMM, and reading memory by the bytes read over."""

    gemm_gflops: float
    read_gb_s: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class SubjectEntry:
    """A network. parameters: as Gluon counts them; in_graph: counted again in the ONNX graph.

    operations: additions and multiplications of the matrix products a window.
    weights_read: weights that a single window must fetch, those of the
    recurrence anew at each step. files: bytes by engine.
    """

    name: str
    source: str
    sha256: str
    family: str
    units: int
    layers: int
    window: int
    channels: int
    parameters: int
    in_graph: int
    operations: int
    weights_read: int
    files: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class EngineEntry:
    """An engine that could run. installed_mib: its distribution and all that it requires."""

    name: str
    package: str
    version: str
    tolerance: float
    why: str
    weight_bytes: int
    installed_mib: float


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far an engine is from float64 on one network, scaled units; past tolerance: not timed."""

    subject: str
    engine: str
    largest: float
    mean: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the engine may be timed."""
        return self.largest <= self.tolerance

    def __str__(self) -> str:
        return f"{self.largest:.2g} from float64, tolerance {self.tolerance:g}"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One engine's spans in one scenario, in microseconds.

    windows: how many a query has (streams, for a step), computed in parts of
    `chunks`, by process. quantiles: of all calls of all processes, by percent. rounds: by
    process, the median of each round. baseline: what the teacher in MXNet took
    in the same rounds; empty where it did not run in them.
    """

    subject: str
    engine: str
    scenario: str
    windows: int
    chunks: list[int]
    calls: int
    quantiles: dict[str, float]
    rounds: list[list[float]]
    baseline: list[list[float]]

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies a timing in a card."""
        return self.subject, self.engine, self.scenario

    @property
    def p50(self) -> float:
        """Microseconds, the median of all calls."""
        return self.quantiles["50"]


@dataclass(frozen=True, kw_only=True)
class Cold:
    """Fresh processes, one figure each: milliseconds by part, and resident memory at its largest.

    start: of Python itself. imports: of the framework. load: of the network.
    first: the first window's answer.
    """

    subject: str
    engine: str
    start_ms: list[float]
    imports_ms: list[float]
    load_ms: list[float]
    first_ms: list[float]
    resident_mib: list[float]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Microseconds a call by process and windows a call: what each engine's chunk was chosen by."""

    subject: str
    engine: str
    windows: list[int]
    us: list[list[float]]

    @property
    def medians(self) -> list[float]:
        """Microseconds a call by windows a call, the median over processes."""
        return [statistics.median(spans) for spans in zip(*self.us, strict=True)]


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Millijoules a query by process: of the processor's whole packages, idle power included."""

    subject: str
    engine: str
    scenario: str
    windows: int
    millijoules: list[float]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One run. absent: engines that could not run; refused: "engine on subject"; both with why.

    no_energy: why there are no figures of energy, "" where there are.
    """

    schema: int
    command: str
    date: str
    machine: Machine
    versions: dict[str, str]
    threads: int
    environment: dict[str, str]
    plan: dict[str, Any]
    peaks: Peaks
    subjects: list[SubjectEntry]
    engines: list[EngineEntry]
    absent: dict[str, str]
    refused: dict[str, str]
    parity: list[Parity]
    timings: list[Timing]
    cold: list[Cold]
    sweep: list[Sweep]
    energy: list[Energy]
    no_energy: str

    def timing(self, subject: str, engine: str, scenario: str) -> Timing | None:
        """Returns the timing of an engine, None where it was not timed."""
        wanted = (subject, engine, scenario)
        return next((timing for timing in self.timings if timing.key == wanted), None)
