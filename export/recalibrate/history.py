"""What a service kept of a model's streams: rows, what was called, and what people said of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.storage.blocks import Blocks
from stillwatch.runtime.serve.storage.store import EventRow, Store

__all__ = ["History", "read_history"]

_PAGE = 1_000


@dataclass(frozen=True)
class History:
    """A stream's kept rows (T, C) in order.

    usual: (T,), rows that were not called, or called wrongly. real: first and last row of each
    event that somebody called real, as places in `values`.
    """

    stream: str
    values: Float64
    usual: Bool
    real: tuple[tuple[int, int], ...]

    def split(self, share: float) -> tuple["History", "History"]:
        """Returns the first part of the rows and the rest."""
        cut = round(len(self.values) * share)
        real = tuple((first - cut, last - cut) for first, last in self.real if last >= cut)
        before = tuple((first, last) for first, last in self.real if last < cut)
        return (
            History(self.stream, self.values[:cut], self.usual[:cut], before),
            History(self.stream, self.values[cut:], self.usual[cut:], real),
        )


def read_history(store: Store, model: str, channels: int) -> list[History]:
    """Returns what is kept of each stream of a model; raises InputError where that is nothing."""
    blocks = Blocks(store.connection, 2**62)
    result = []
    for stream in _streams(store, model):
        kept = blocks.rows(stream, 0, 2**62, channels)
        if len(kept.row):
            events = _events(store, stream)
            usual = ~_inside(kept.row, [e for e in events if e.feedback != "false"])
            real = [e for e in events if e.feedback == "real"]
            places = [np.flatnonzero(_inside(kept.row, [event])) for event in real]
            spans = tuple((int(p[0]), int(p[-1])) for p in places if len(p))
            result.append(History(stream, kept.values, usual, spans))
    if not result:
        raise InputError(f"no rows are kept of model {model!r}: its streams have had none yet")
    return result


def _streams(store: Store, model: str) -> list[str]:
    names: list[str] = []
    after = ""
    while page := store.streams(after, _PAGE):
        names += [row.id for row in page if row.model == model]
        after = page[-1].id
    return names


def _events(store: Store, stream: str) -> list[EventRow]:
    events: list[EventRow] = []
    while page := store.events(stream, events[-1].id if events else 0, _PAGE):
        events += page
    return events


def _inside(rows: Float64, events: Sequence[EventRow]) -> Bool:
    """Returns which row numbers (T,) are within one of the events."""
    inside = np.zeros(len(rows), bool)
    for event in events:
        inside |= (rows >= event.first) & (rows <= event.last)
    return inside
