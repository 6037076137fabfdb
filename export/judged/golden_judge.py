"""Golden rows of a judge in a graph: what the NumPy judge says of them, in double precision."""

import numpy as np

from stillwatch.export.graph.judge.layout import BEGUN, Layout
from stillwatch.runtime.alarms.judge.account import Account
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.graph_judge import EVERY, GraphJudge, golden_rows

__all__ = ["ROWS", "golden_judge"]

ROWS = 1000
_DIGITS = 9  # as of the other golden vectors: libm versions disagree far beyond it


def golden_judge(spec: JudgeSpec, budget: str, weekly: float, rows: int = ROWS) -> GraphJudge:
    """Returns the budget, in words and in events a week, and what golden rows come to."""
    channels = len(spec.centre)
    values = golden_rows(np.array(spec.centre), np.array(spec.scale), rows)
    judge = Judge(spec, weekly, 1, channels)
    score, none = np.zeros((1, rows)), np.zeros((1, rows), bool)
    judged = judge.advance(values[None], score, none).of_stream(0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], judged.alarm, [False]])))
    kept = judge.arrays()
    names = Layout.of(spec, Account(budget=weekly, period=spec.period)).heights
    parts = [np.ones(1) if name == BEGUN else kept[f"judge.{name}"].ravel() for name in names]
    return GraphJudge(
        budget=budget,
        rows=rows,
        alarms=tuple((int(start), int(stop)) for start, stop in edges.reshape(-1, 2)),
        marks=tuple((int(row), int(judged.mark[row])) for row in np.flatnonzero(judged.mark)),
        surprise=_figures(judged.surprise[::EVERY]),
        state=_figures(np.concatenate(parts)),
    )


def _figures(numbers: AnyArray) -> tuple[float | None, ...]:
    return tuple(
        None if np.isnan(number) else float(f"{number:.{_DIGITS}g}") for number in numbers.tolist()
    )
