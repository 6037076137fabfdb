"""What `reproduce nab` writes into its results.json."""

from typing import Literal, TypedDict

from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread

__all__ = ["ByProfile", "NabFigures", "Part", "PartFigures", "Profiles", "Results", "Row", "Values"]

Part = Literal["all", "chosen", "held"]


class NabFigures(TypedDict):
    """One official score: the fields of `nab_score.NabScore`, its threshold at most 1e9."""

    value: float
    threshold: float
    found: int
    windows: int
    false: int


class PartFigures(TypedDict):
    """One profile's score over all files, over the chosen half, and over the other."""

    all: NabFigures
    chosen: NabFigures
    held: NabFigures


class ByProfile(TypedDict):
    """One detector's scores by profile."""

    standard: PartFigures
    reward_low_FP_rate: PartFigures
    reward_low_FN_rate: PartFigures


class Values(TypedDict):
    """How a profile's scores spread over seeds."""

    all: Spread
    chosen: Spread
    held: Spread


class Row(TypedDict):
    """A row of the table. parameters: None without a network."""

    row: str
    parameters: int | None
    standard: Values
    reward_low_FP_rate: Values
    reward_low_FN_rate: Values
    seeds: list[ByProfile]


class Profiles(TypedDict):
    """A published detector's score by profile."""

    standard: float
    reward_low_FP_rate: float
    reward_low_FN_rate: float


class Results(Provenance):
    """The whole document."""

    chosen: list[str]
    held: list[str]
    seeds: int
    rows: list[Row]
    published: dict[str, Profiles]
