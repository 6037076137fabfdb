"""What a service may be told."""

from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.errors import InputError

__all__ = ["Bounds", "ServeOptions"]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The most that is taken of anything; raises InputError for one below 1.

    body: bytes of a request. rows: of a request, over all series. streams: that there may be.
    jobs: requests that wait for the engine. feeds: live feeds at once. kept: bytes of rows and
    verdicts that are kept; the oldest go. patience: seconds for a request's body to come.
    """

    body: int = 16 * 2**20
    rows: int = 10_000
    streams: int = 10_000
    jobs: int = 1_000
    feeds: int = 100
    kept: int = 256 * 2**20
    patience: float = 30.0

    def __post_init__(self) -> None:
        """Raises InputError naming the bound that is out of range."""
        for name, value in vars(self).items():
            if value < 1:
                raise InputError(f"expected a bound of at least 1 for {name}, got {value}")


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """folder: where keys and state are. threshold: the policy of all detectors' streams.

    The default is as for `Detector.score`: the budget where a capsule has a judge.
    """

    folder: Path
    threshold: ThresholdPolicy = None
    bounds: Bounds = field(default_factory=Bounds)
