"""A scored series with all that a page shows of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

if TYPE_CHECKING:  # training draws with this folder and has no onnxruntime
    from stillwatch.runtime.alarms.events import Event
    from stillwatch.runtime.result import Result

__all__ = ["ScoredSeries"]


@dataclass(frozen=True, kw_only=True)
class ScoredSeries:
    """name: the series'. values: (T, C), the sensor's units. result: of all these rows.

    labels: what each row is called, its time as a rule. limit: the score above
    which an alarm is raised, where that is one number; rule: the same in words.
    model: the capsule, in words. remarks: what a reader should know besides.
    """

    name: str
    model: str
    channels: tuple[str, ...]
    values: Float64
    result: "Result"
    events: "tuple[Event, ...]"
    labels: Sequence[str] | None = None
    limit: float | None = None
    rule: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """T."""
        return len(self.values)

    @property
    def parts(self) -> AnyArray:
        """How much each channel added to what alarms, (T, C), not negative; 0 without an answer."""
        parts = np.nan_to_num(self.result.blame).reshape(self.rows, -1)
        return np.asarray(parts)

    @property
    def reconstruction(self) -> AnyArray:
        """What the network made of the values, (T, C)."""
        return self.result.reconstruction.reshape(self.rows, -1)

    @property
    def worst(self) -> "list[tuple[int, Event]]":
        """The events with their numbers in time from 1, the highest first."""
        numbered = list(enumerate(self.events, 1))
        return sorted(numbered, key=lambda pair: -self.height(pair[1]))

    def height(self, event: "Event") -> float:
        """Returns how far an event goes: its highest surprise where a judge alarmed, else score."""
        surprise = self.result.surprise
        if surprise is None:
            return event.score
        return float(np.nanmax(surprise[event.start : event.end + 1]))

    @property
    def measure(self) -> str:
        """What `height` is."""
        return "score" if self.result.surprise is None else "surprise"

    def called(self, row: int) -> str:
        """Returns what a row is called."""
        return self.labels[row] if self.labels else f"row {row + 1:,}"
