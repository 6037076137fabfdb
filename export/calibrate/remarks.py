"""What calibration has to say of the data that it was given: a line each, nothing in silence."""

from collections.abc import Sequence

import numpy as np

from stillwatch.export.calibrate.unlike import stretches
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.arrays import Bool, Float64

__all__ = ["constant_channels", "few_rows", "few_weeks", "not_followed", "unlike_rows_said"]

_NAMED = 5
_FOLLOWED = 0.1  # the least share of a channel's variance that a network which follows it explains


def constant_channels(names: Sequence[str]) -> list[str]:
    """Returns what to say of channels that never change."""
    if not names:
        return []
    return [
        f"{len(names)} channels never change in this data ({_listed(names)}): they are centred and "
        "not scaled"
    ]


def few_rows(rows: int, features: int) -> list[str]:
    """Returns what to say of fewer than ten rows a feature."""
    if rows >= 10 * features:
        return []
    return [
        f"{rows} rows are few for {features} features: the distance leans on its "
        "regularisation; more normal data would serve better"
    ]


def not_followed(scaled: Float64, error: Float64, names: Sequence[str]) -> list[str]:
    """Returns what to say of channels that the network does not follow.

    scaled, error: (T, C). One whose error is as large as its own movements.
    """
    moves = scaled.var(axis=0)
    share = np.square(error).mean(axis=0) / np.where(moves > 0, moves, 1.0)
    lost = [
        name for name, s, m in zip(names, share, moves, strict=True) if m > 0 and s > 1 - _FOLLOWED
    ]
    if not lost:
        return []
    return [
        f"the network does not follow {len(lost)} of {len(names)} channels ({_listed(lost)}): its "
        "errors there are as large as their own movements, and say no more than the values do"
    ]


def unlike_rows_said(unlike: Bool, kept: bool) -> list[str]:
    """Returns what to say of rows (T,) that look unlike the rest; rows are counted from 1."""
    result = stretches(unlike)
    if not result:
        return []
    first, last = result[0]
    more = (
        f" and {len(result) - 1} more stretch{'es' * (len(result) > 2)}" if len(result) > 1 else ""
    )
    done = (
        "they count, as was asked"
        if kept
        else "an incident? Scaler and thresholds leave them out; --keep-all counts them in"
    )
    return [
        f"{int(unlike.sum())} rows look unlike the rest (rows {first + 1} to {last + 1}{more}): "
        f"{done}"
    ]


def few_weeks(judge: JudgeSpec | None, budget: float) -> list[str]:
    """Returns what to say where the rows are too few for a budget of events a week."""
    if judge is None or judge.weeks * budget >= 1:
        return []
    if not judge.weeks:
        return ["too few rows for a judge to know any level: more normal data would serve better"]
    return [
        f"{judge.weeks:.2g} weeks of rows are too few for {budget:g} events a week: the threshold "
        f"is the highest level seen, which serves from {1 / judge.weeks:.2g} a week on"
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
