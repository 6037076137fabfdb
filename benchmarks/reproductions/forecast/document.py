"""What `reproduce forecast` writes into its results.json."""

from typing import Any, NotRequired, TypedDict

from stillwatch.benchmarks.reproductions.nab.document import Row
from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import RankingSummary
from stillwatch.runtime.report.machine import Provenance

__all__ = ["Demand", "Detection", "Errors", "Figures", "Horizon", "Results", "SmdDetection"]


class Errors(TypedDict):
    """Mean squared and absolute error, standardised units."""

    mse: float
    mae: float


class Figures(Errors):
    """The same, and the squared error by rows ahead."""

    mse_by_row: dict[str, float]


class Horizon(TypedDict):
    """One horizon of ETTh1, by method; seeds: what `ett.evaluate` found. published: MSE, MAE."""

    median: dict[str, Errors]
    floors: dict[str, Figures]
    published: dict[str, tuple[float, float]]
    seeds: list[dict[str, Any]]


class Demand(TypedDict):
    """Figures by method (mape, mae, mase and others), the networks' by seed."""

    others: dict[str, dict[str, float]]
    networks: dict[str, list[dict[str, float]]]
    origins: int
    horizon: int


class SmdDetection(TypedDict):
    """How forecast errors rank rows on SMD. parameters: of the network."""

    machines: list[str]
    seeds: int
    ranking: list[RankingSummary]
    parameters: int


class Detection(TypedDict):
    """A forecaster as a detector: on SMD, and a row a context on NAB."""

    smd: SmdDetection
    nab: list[Row]


class Results(Provenance):
    """The whole document, of the parts that were asked for; each by horizon, choice or method."""

    seeds: int
    quick: bool
    etth1: NotRequired[dict[str, Horizon]]
    choices: NotRequired[dict[str, dict[str, Any]]]
    demand: NotRequired[Demand]
    closes: NotRequired[dict[str, Any]]
    detection: NotRequired[Detection]
