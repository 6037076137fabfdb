"""What a capsule says of the judge in its graph: the budget, and golden rows with their answers.

The rows follow from whole numbers, without sines and random generators, so
that every language makes the same of them.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import CapsuleError

__all__ = ["EVERY", "GraphJudge", "golden_rows"]

EVERY = 20  # rows between two whose surprise is said
_BUDGET = re.compile(r"\d+(\.\d+)?/(hour|day|week|month|year)", re.ASCII)
_MOST = 10**5  # rows
_MODULUS, _FACTOR, _ADDEND = 65537, 75, 74  # of a congruential generator, in 23 bits
_RHYTHM = 24  # rows of a wave


@dataclass(frozen=True, kw_only=True)
class GraphJudge:
    """The budget of a judge in a graph, golden rows, and what they come to.

    budget: events, as 5/week. rows: how many golden ones there are. alarms:
    first row and the row after the last, of each run. marks: row and mark (see
    runtime/alarms/judged.py) where there is one. surprise: of each 20th row,
    from the first. state: the judge's, (S,), after the last. None stands for
    what is no number.
    """

    budget: str
    rows: int
    alarms: tuple[tuple[int, int], ...]
    marks: tuple[tuple[int, int], ...]
    surprise: tuple[float | None, ...]
    state: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.budget, str) or not _BUDGET.fullmatch(self.budget):
            raise CapsuleError(f"expected a budget of the graph's judge, got {self.budget!r}"[:120])
        pairs = [*self.alarms, *self.marks]
        figures = [*self.surprise, *self.state]
        fits = type(self.rows) is int and 0 < self.rows <= _MOST
        fits = fits and len(self.surprise) == -(-self.rows // EVERY) and len(pairs) <= 2 * self.rows
        fits = fits and all(type(n) is int and 0 <= n <= _MOST for pair in pairs for n in pair)
        fits = fits and all(
            one is None or (type(one) in (int, float) and math.isfinite(one)) for one in figures
        )
        if not fits or not all(len(pair) == 2 for pair in pairs):
            raise CapsuleError("expected golden rows of the graph's judge, and what they come to")

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Returns what a JSON document says; raises CapsuleError for one that does not fit."""
        try:
            return cls(
                budget=document["budget"],
                rows=document["rows"],
                alarms=tuple((start, stop) for start, stop in document["alarms"]),
                marks=tuple((row, mark) for row, mark in document["marks"]),
                surprise=tuple(document["surprise"]),
                state=tuple(document["state"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CapsuleError(f"the judge in the graph does not fit a capsule: {error}") from error


def golden_rows(centre: Float64, scale: Float64, rows: int) -> Float64:
    """Returns rows (T, C) in single precision: waves and noise, and what a judge is to notice.

    centre, scale: (C,), of the judge. With n from n' = (75 n + 74) mod 65537,
    which begins at 1 and goes on row by row and channel by channel,

        value = centre + scale (wave + 2 n / 65537 - 1)     wave = |t mod 24 - 12| / 6 - 1

    From row 0.3 T a spike of 20 scales in the first channel, from 0.5 T for
    a twentieth the last channel frozen, from 0.7 T all of them 10 scales higher.
    """
    noise, number = np.empty((rows, len(centre))), 1
    for row in range(rows):
        for channel in range(len(centre)):
            number = (_FACTOR * number + _ADDEND) % _MODULUS
            noise[row, channel] = number
    steps = np.arange(rows)[:, None]
    wave = np.abs(steps % _RHYTHM - _RHYTHM // 2) / 6 - 1
    result = wave + (2 * noise / _MODULUS - 1)
    frozen = rows // 2
    result[frozen : frozen + rows // 20, -1] = result[frozen, -1]
    result[3 * rows // 10, 0] += 20
    result[7 * rows // 10 :] += 10
    values: Float64 = (centre + scale * result).astype(np.float32).astype(np.float64)
    return values
