"""The judge's tails over all series at once: each begins at the end of its own probation."""

from collections.abc import Sequence

import numpy as np

from stillwatch.benchmarks.detection.nab_score import Scored
from stillwatch.benchmarks.reproductions.nab.series import Prepared
from stillwatch.runtime.alarms.judge.bar import bar_step, fused, start_bar
from stillwatch.runtime.alarms.judge.state import mapped
from stillwatch.runtime.alarms.judge.tail import TailRule, TailState, start_tail, tail_step
from stillwatch.runtime.arrays import Float64

__all__ = ["context_residuals", "judged", "surprises"]


def context_residuals(series: Sequence[Prepared], contexts: Sequence[Float64]) -> list[Float64]:
    """Returns |z - context| (T,) of each series."""
    return [
        np.abs(np.clip(one.z, -one.rule.filters.cut, one.rule.filters.cut) - context)
        for one, context in zip(series, contexts, strict=True)
    ]


def surprises(
    series: Sequence[Prepared], residuals: Sequence[Float64], rule: TailRule
) -> list[Float64]:
    """Returns the surprises (T,) of one residual of each series (T,); 0 in their probation."""
    rests = [values[one.start :] for one, values in zip(series, residuals, strict=True)]
    starts = [
        start_tail(values[: one.start, None], rule)
        for one, values in zip(series, residuals, strict=True)
    ]
    # The longest first, so that those that have ended are always the last.
    order = sorted(range(len(series)), key=lambda number: -len(rests[number]))
    parts = zip(*(starts[number] for number in order), strict=True)
    state = TailState(*(np.concatenate(part, axis=-1) for part in parts))
    lengths = np.array([len(rests[number]) for number in order])
    rows = np.zeros((lengths[0], len(order)))
    for column, number in enumerate(order):
        rows[: lengths[column], column] = rests[number]
    result = np.zeros_like(rows)
    for row, values in enumerate(rows):
        alive = int(np.searchsorted(-lengths, -row, side="left"))
        if alive < len(state.level):
            state = mapped(state, lambda array: array[..., :alive].copy())  # noqa: B023
        result[row, :alive], state = tail_step(state, values[:alive], rule)
    answers: list[Float64] = [np.empty(0)] * len(series)
    for column, number in enumerate(order):
        silent = np.zeros(series[number].start)
        answers[number] = np.concatenate([silent, result[: lengths[column], column]])
    return answers


def judged(one: Prepared, result: Sequence[Float64]) -> Scored:
    """Returns the series' anomaly scores: its surprises (T,) fused, as far as above the bar."""
    total = fused(np.stack(result))
    scores = np.empty_like(total)
    state = start_bar(1)
    for row in range(len(total)):
        counted, state = bar_step(state, total[row : row + 1], one.rule.bar)
        scores[row] = counted[0]
    return Scored(scores, one.windows)
