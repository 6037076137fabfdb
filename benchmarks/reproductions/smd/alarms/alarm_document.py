"""What `reproduce smd --protocol budgets` writes into its budgets.json."""

from typing import NotRequired, TypedDict

from stillwatch.runtime.report.machine import Provenance
from stillwatch.runtime.report.tables import Spread

__all__ = [
    "AlarmPart",
    "AlarmRow",
    "AlarmSummary",
    "RankingPart",
    "RankingRow",
    "RankingSummary",
    "Results",
    "TsbAd",
]


class AlarmRow(TypedDict):
    """One policy at a budget on one machine: the fields of `AlarmEvents`, and whose.

    budget: events a week, None for a policy without. covered: the share of
    normal rows under alarm.
    """

    policy: str
    budget: float | None
    seed: int
    machine: str
    false_per_week: float
    hit: int
    events: int
    covered: float


class AlarmPart(TypedDict):
    """A policy at a budget over some machines; worst: of any machine and seed."""

    false_mean: float
    false_worst: float
    hit: float
    hit_spread: list[int]
    events: int
    covered_worst: float
    seeds: int


class AlarmSummary(TypedDict):
    """A policy at a budget, on the chosen machines and on the others, where there are such."""

    policy: str
    budget: float | None
    chosen: NotRequired[AlarmPart]
    held: NotRequired[AlarmPart]


class RankingRow(TypedDict):
    """How one score ranks the rows of one machine."""

    protocol: str
    score: str
    seed: int
    machine: str
    ap: float
    vus_pr: float
    tsb_vus_pr: float


class RankingPart(TypedDict):
    """Means over some machines, and how they spread over seeds."""

    machines: list[str]
    seeds: int
    ap: Spread
    vus_pr: Spread
    tsb_vus_pr: Spread


class RankingSummary(TypedDict):
    """A score under one protocol: on all machines, on the chosen, on the others."""

    protocol: str
    score: str
    all: RankingPart
    chosen: NotRequired[RankingPart]
    held: NotRequired[RankingPart]


class TsbAd(TypedDict):
    """TSB-AD's training rows by machine, and its published figures by detector."""

    trained_up_to: dict[str, int]
    published: dict[str, float]


class Results(Provenance):
    """The whole document. network_adds: a sentence."""

    budgets: list[int]
    chosen_on: list[str]
    machines: list[str]
    seeds: int
    alarms: list[AlarmSummary]
    alarms_by_machine: list[AlarmRow]
    ranking: list[RankingSummary]
    ranking_by_machine: list[RankingRow]
    tsb_ad: TsbAd
    network_adds: str
