"""What `reproduce nab-rds` writes into its results.json, and others read from it."""

from typing import TypedDict

from stillwatch.benchmarks.detection.counts import Counted
from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread

__all__ = [
    "Agreed",
    "Agreement",
    "Counts",
    "Curves",
    "Data",
    "DetectionRow",
    "Published",
    "Results",
    "Seed",
    "Spreads",
]


class Counts(TypedDict):
    """How one network's alarms meet the labels: by row, and by window."""

    seed: int
    points: Counted
    windows: Counted


class Seed(Counts):
    """The same, and the network's threshold."""

    threshold: float


class Spreads(TypedDict):
    """How counts spread over seeds."""

    tp: Spread
    fp: Spread
    f1: Spread
    nab: Spread


class DetectionRow(TypedDict):
    """A row of the table. masked: None where no network was trained."""

    model: str
    masked: bool | None
    scaling: str
    threshold: Spread
    points: Spreads
    windows: Spreads
    seeds: list[Seed]


class Agreed(TypedDict):
    """How far a framework is from onnxruntime over all models, and how many alarms flipped."""

    largest: float
    mean: float
    flips: int


class Agreement(TypedDict):
    """How the frameworks agree over all models that were trained. absent: why, by framework."""

    models: int
    golden_largest: float
    golden_passed: bool
    frameworks: dict[str, Agreed]
    absent: dict[str, str]


class Published(TypedDict):
    """The article's figures."""

    parameters: int
    tp: int
    fp: int
    f1: float
    nab: int


class Data(TypedDict):
    """Names of the series, and rows of the test."""

    train: str
    test: str
    rows: int


class Curves(TypedDict):
    """Losses of the masked networks: seeds, of these epochs."""

    train: list[list[float]]
    validation: list[list[float]]


class Results(Provenance):
    """The whole document."""

    simulated: bool
    data: Data
    published: Published
    parameters: int
    seeds: int
    rows: list[DetectionRow]
    agreement: Agreement
    curves: Curves
