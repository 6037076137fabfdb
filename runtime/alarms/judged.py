"""What a judge says of rows, which its readers know without the judge itself."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["BEGINS", "ENDS", "LEARNT", "NO_NUMBER", "Judged"]

BEGINS, LEARNT, NO_NUMBER, ENDS = 1, 2, 4, 8  # bits of a mark


class Judged(NamedTuple):
    """What the judge says of rows: surprise, alarm, cost and mark (N, T), parts (N, T, C).

    surprise: nats, NaN where there is none yet. parts: what each channel added.
    cost: in events of the budget. mark: the row BEGINS an event, it is calm and
    ENDS one, a new level is LEARNT there, it has NO_NUMBER.
    """

    surprise: Float64
    alarm: Bool
    parts: Float64
    cost: Float64
    mark: AnyArray

    def of_stream(self, stream: int) -> Self:
        """Returns what is said of one stream: (T,), and parts (T, C)."""
        return type(self)(*(part[stream] for part in self))

    @classmethod
    def joined(cls, answers: Sequence[Self]) -> Self:
        """Returns what is said of rows (N, T) that follow each other as one."""
        return cls(*(np.concatenate(column, axis=1) for column in zip(*answers, strict=True)))

    @classmethod
    def none(cls, streams: int, rows: int, channels: int) -> Self:
        """Returns rows of which nothing is said."""
        flat_, wide = (streams, rows), (streams, rows, channels)
        return cls(
            np.full(flat_, np.nan),
            np.zeros(flat_, bool),
            np.zeros(wide),
            np.zeros(flat_),
            np.zeros(flat_, np.uint8),
        )
