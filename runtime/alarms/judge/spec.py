"""What a capsule stores of its judge: constants and the state that calibration left."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stillwatch.runtime.alarms.judge.state import flat, refilled, repeated
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CapsuleError

# Imported where a judge is started: few capsules have one, and the others do not wait for it.
if TYPE_CHECKING:
    from stillwatch.runtime.alarms.judge.many import Many
    from stillwatch.runtime.alarms.judge.one import One

__all__ = ["KINDS", "JudgeSpec"]

KINDS = ("one", "many")  # channels
_LONGEST = 10_000  # levels, rows of the slow means


@dataclass(frozen=True, kw_only=True)
class JudgeSpec:
    """A judge's constants and initial state.

    kind: "one" channel or "many". period: seconds a row. centre, scale: (C,),
    what the values are scaled by. rows: P of the slow means, of one channel; a
    judge without a state takes so many rows to begin with. levels: for 0, 1,
    2, ... events in the calibration rows, the level that they exceed in so
    many. weeks: how long those rows were. state: one stream's arrays, (..., 1),
    by name; empty where nothing has been calibrated.
    """

    kind: str
    period: float
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    rows: int = 0
    levels: tuple[float, ...] = ()
    weeks: float = 0.0
    state: Mapping[str, AnyArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise CapsuleError(f"this judge does not fit a capsule: {problem}")

    def _problem(self) -> str:
        figures = (*self.centre, *self.scale, *self.levels, self.weeks)
        if self.kind not in KINDS:
            return f"expected a kind of {' or '.join(KINDS)}, got {self.kind!r}"
        if not (math.isfinite(self.period) and self.period > 0):
            return f"expected a period above 0, got {self.period!r}"
        if not all(map(math.isfinite, figures)) or any(one <= 0 for one in self.scale):
            return "expected finite figures and scales above 0"
        if self.kind == "one" and not 2 <= self.rows <= _LONGEST:
            return f"expected slow means of 2 to {_LONGEST} rows, got {self.rows}"
        if len(self.levels) > _LONGEST or len(self.centre) != len(self.scale):
            return f"{len(self.levels)} levels, {len(self.centre)} centres"
        if not self.state:
            return "" if self.kind == "one" else "no state"
        if not self.centre or (self.kind == "one") != (len(self.centre) == 1):
            return f"{len(self.centre)} channels for {self.kind}"
        try:
            self.start(1)
        except (KeyError, ValueError) as error:
            return f"a state without {error}" if isinstance(error, KeyError) else str(error)
        return ""

    @property
    def constants(self) -> "One | Many":
        """The constants of its parts."""
        from stillwatch.runtime.alarms.judge.many import Many
        from stillwatch.runtime.alarms.judge.one import One

        if self.kind == "one":
            return One.of_period(self.period, float(self.rows))
        return Many.of_period(self.period)

    def start(self, streams: int) -> Any:
        """Returns the state of so many streams, a OneState or a ManyState in memory of its own."""
        from stillwatch.runtime.alarms.judge.many import start_many
        from stillwatch.runtime.alarms.judge.one import One, start_one

        rule = self.constants
        channels = len(self.centre)
        if isinstance(rule, One):
            like: Any = start_one(np.zeros((3, 1)), rule)
        else:
            like = start_many(np.zeros((2, channels)), 0, rule)[0]
        one = refilled(like, self.state, 1)
        for name, array in flat(one).items():
            if not (np.isfinite(array) | (name == "filters.slots")).all():
                raise ValueError(f"{name} is not finite")
        return repeated(one, streams)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `from_dict` takes, as JSON has it; no figure loses a digit."""
        plain = dataclasses.asdict(self) | {"levels": list(self.levels)}
        plain["state"] = {
            name: [None if math.isnan(x) else x for x in np.ravel(array).tolist()]
            for name, array in self.state.items()
        }
        shapes = {name: list(array.shape) for name, array in self.state.items()}
        return plain | {
            "centre": list(self.centre),
            "scale": list(self.scale),
            "state": {name: [shapes[name], plain["state"][name]] for name in shapes},
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Returns the spec of a document; raises CapsuleError for one that does not fit.

        Members that this release does not know are another's, and are let be.
        """
        try:
            state = {
                str(name): np.array(
                    [math.nan if x is None else float(x) for x in figures], np.float64
                ).reshape([int(size) for size in shape])
                for name, (shape, figures) in document["state"].items()
            }
            return cls(
                kind=str(document["kind"]),
                period=float(document["period"]),
                centre=tuple(map(float, document["centre"])),
                scale=tuple(map(float, document["scale"])),
                rows=int(document["rows"]),
                levels=tuple(map(float, document["levels"])),
                weeks=float(document["weeks"]),
                state=state,
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CapsuleError(f"this judge does not fit a capsule: {error}") from error

    @classmethod
    def unfitted(cls, period: float, rows: int = 750) -> "JudgeSpec":
        """Returns the spec of a judge of one channel that takes its first rows to begin with."""
        return cls(kind="one", period=period, rows=rows)
