"""Who is told of what the engine has committed: the live feed, metrics, MQTT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.result import Result

__all__ = ["Observer", "Told"]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one request brought to one stream, after it was committed.

    first: the number of its first row in the stream, from 0. values: (T, C),
    the new rows. at: what the client said of each of them, seq or time.
    verdicts: of the rows that have their answer now, as they are sent.
    events: that began or ended. result: the figures behind the verdicts.
    credit: what is left of the stream's budget, in events; None without one.
    """

    stream: str
    model: str
    version: str
    first: int
    values: Float64
    at: Sequence[Mapping[str, Any]]
    verdicts: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    result: Result
    credit: float | None = None


class Observer(Protocol):
    """Told on the engine's thread, so it returns at once; what it raises is logged and dropped."""

    def committed(self, told: Sequence[Told], seconds: Mapping[str, float]) -> None:
        """Takes what a batch brought; seconds: by stage, `score` and `save`."""
