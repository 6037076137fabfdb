"""How to score on Spark, beside the columns: what most jobs leave as it is."""

from dataclasses import dataclass, field

from stillwatch.runtime.alarms.events import EventPolicy
from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.errors import InputError

__all__ = ["FIGURES", "SparkOptions"]

FIGURES = ("reconstruction", "error", "contribution")


@dataclass(frozen=True, kw_only=True)
class SparkOptions:
    """Options of a job; `threshold`, `mean`, `scale` and `stride` as `Detector.score` has them.

    figures: which of FIGURES come back for each channel; each is a column a channel, and
    costs its bytes. fill: let a missing value take the last one before it, by default as in the
    capsule's training. events: what makes an event of alarms. share: rows of one series that a
    task scores, so that a long one is shared out; None leaves a series whole. expiry: of a
    stream, how many seconds of their times others may go on without a sensor before it counts
    as gone.
    """

    threshold: ThresholdPolicy = None
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    stride: int | None = None
    figures: tuple[str, ...] = FIGURES
    fill: bool = False
    events: EventPolicy = field(default_factory=EventPolicy)
    share: int | None = None
    expiry: float | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.figures if name not in FIGURES]
        if unknown:
            raise InputError(f"expected figures of {', '.join(FIGURES)}, got {unknown[0]!r}")
        if self.share is not None and self.share < 1:
            raise InputError(f"expected a share of at least one row, got {self.share}")
        if self.expiry is not None and not self.expiry > 0:
            raise InputError(f"expected an expiry above 0 seconds, got {self.expiry}")
