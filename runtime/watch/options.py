"""What a watch is asked to do: of lines and answers, and where it keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.runtime.alarms.events import EventPolicy
from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.options import ReadOptions

__all__ = ["FORMS", "GAPS", "WatchFiles", "WatchOptions"]

FORMS = ("auto", "csv", "json", "influx")
GAPS = ("ignore", "fill", "restart")


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """What lines mean, and how they are answered.

    mean, scale, threshold, stride: as for `Detector.stream`. columns: the
    channels' names in the lines, by default their own. fill: "forward" lets a
    cell without a value take the last one; by default as in the capsule's
    training. form: one of FORMS. time: the column or member that says when a
    line was taken; period: seconds between two; gap: one of GAPS. only_events:
    answer with events alone; with_events: with them, too. strict: a line that
    cannot be read ends the watch.
    delimiter, decimal: of CSV lines, recognised by the first ones by default.
    ahead: rows that a forecaster looks ahead, by default those that it was trained for.
    """

    mean: Sequence[float] | None = None
    scale: Sequence[float] | None = None
    threshold: ThresholdPolicy = None
    stride: int | None = None
    columns: Sequence[str] | None = None
    fill: str | None = None
    form: str = "auto"
    time: str | None = None
    period: float | None = None
    gap: str = "ignore"
    events: EventPolicy = field(default_factory=EventPolicy)
    only_events: bool = False
    with_events: bool = False
    strict: bool = False
    delimiter: str | None = None
    decimal: str | None = None
    ahead: int | None = None

    def __post_init__(self) -> None:
        if self.period is not None and not (self.time and self.period > 0):
            raise InputError(f"expected --time and a --period above 0, got {self.period}")
        if self.form not in FORMS:
            raise InputError(f"expected the form of lines {', '.join(FORMS)}, got {self.form!r}")
        ReadOptions(delimiter=self.delimiter, decimal=self.decimal)  # refuses what cannot be
        if self.gap not in GAPS:
            raise InputError(f"expected a gap policy {', '.join(GAPS)}, got {self.gap!r}")

    @property
    def lasting(self) -> dict[str, Any]:
        """Those that must not change between two runs over one state, as JSON has them."""
        return {
            "columns": None if self.columns is None else list(self.columns),
            "fill": self.fill,
            "mean": None if self.mean is None else list(self.mean),
            "scale": None if self.scale is None else list(self.scale),
            "threshold": self.threshold,
            "stride": self.stride,
            "events": self.only_events,
            "format": self.form,
            "time": self.time,
            "period": self.period,
            "gap": self.gap,
            "delimiter": self.delimiter,
            "decimal": self.decimal,
            "ahead": self.ahead,
            "minimum": self.events.minimum,
            "cooldown": self.events.cooldown,
        }


@dataclass(frozen=True, kw_only=True)
class WatchFiles:
    """Where a watch appends its answers and keeps its state; without a path: standard output, none.

    save_every: seconds between two saves of a busy watch. replay: the input
    begins at its first line again, and what was answered before is skipped.
    """

    output: Path | None = None
    state: Path | None = None
    save_every: float = 1.0
    replay: bool = False

    def __post_init__(self) -> None:
        if self.replay and not self.state:
            raise InputError("expected --state with --replay")
