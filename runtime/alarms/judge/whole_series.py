"""Judges whole series: those of one length together, as a fleet."""

from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judged import Judged
from stillwatch.runtime.alarms.policies.rule import Budget
from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["judge_series"]


def judge_series(
    budget: Budget,
    series: Sequence[Float64],
    scores: Sequence[AnyArray],
    alarms: Sequence[Bool],
    unanswered: int,
) -> list[Judged]:
    """Returns what the judge says of each series (T, C), which all begin afresh: (T,) each.

    scores, alarms: (T,), the network's. unanswered: so many of the first rows
    have no score.
    """
    result: dict[int, Judged] = {}
    by_length: dict[int, list[int]] = {}
    for number, values in enumerate(series):
        by_length.setdefault(len(values), []).append(number)
    for numbers in by_length.values():
        values, score, alarm = (
            np.stack([column[number] for number in numbers]) for column in (series, scores, alarms)
        )
        judge = Judge(budget.spec, budget.events, len(numbers), values.shape[2])
        judged = judge.advance(values, score, alarm, unanswered=unanswered)
        result |= {number: judged.of_stream(place) for place, number in enumerate(numbers)}
    return [result[number] for number in range(len(series))]
