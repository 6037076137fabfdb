"""From the stream's figures to the lines that a watch answers."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.events import Event
from stillwatch.runtime.arrays import LARGEST, AnyArray

__all__ = ["OURS", "as_line", "event_figures", "figures", "rounded", "rounded_list"]

_LARGE = 1e38  # below it nine digits are no more than LARGEST
# What an answer says of its own: members of a line that go by these names do not pass through.
OURS = ("line", "score", "alarm", "warm_up", "missing", "reconstruction", "error", "surprise")


def rounded(figure: float) -> float:
    """Returns a figure in nine digits, which give the same float32 back."""
    return max(-LARGEST, min(float(f"{figure:.9g}"), LARGEST))  # JSON has no infinity


def rounded_list(figures: AnyArray) -> list[float | None]:
    """Returns figures (N,) as `rounded` has them, None for NaN; most at once, which is faster."""
    listed = figures.tolist()
    if not (np.abs(figures) < _LARGE).all():  # False for NaN
        return [None if math.isnan(figure) else rounded(figure) for figure in listed]
    return [float(text) for text in (" ".join(["%.9g"] * len(listed)) % tuple(listed)).split()]


def figures(
    names: Sequence[str],
    score: float,
    alarm: bool,
    reconstruction: AnyArray,
    error: AnyArray,
    surprise: float | None = None,
) -> dict[str, Any]:
    """Returns what an answer says of one row; reconstruction, error: (C,).

    surprise: a judge's, NaN where it has none yet.
    """
    if math.isnan(score):
        return {"score": None, "alarm": alarm, "reason": "the score is not a number"}
    return {
        "score": rounded(score),
        "alarm": alarm,
        **({} if surprise is None or math.isnan(surprise) else {"surprise": rounded(surprise)}),
        "reconstruction": _by_name(names, reconstruction),
        "error": _by_name(names, error),
    }


def event_figures(event: Event) -> dict[str, Any]:
    """Returns what an answer says of an event's beginning or end, or of its level being learnt."""
    kind = "learnt" if event.learnt else "end" if event.ended else "start"
    return {
        "event": kind,
        "start": event.start,
        "end": event.end,
        "peak": event.peak,
        "score": rounded(event.score),
        "alarms": event.alarms,
        "channels": {name: round(share, 4) for name, share in event.channels},
        "cause": event.cause,
        **({"cost": round(event.cost, 4)} if event.cost else {}),
    }


def as_line(answer: Mapping[str, Any]) -> str:
    """Returns an answer as one line of JSON."""
    return json.dumps(answer) + "\n"


def _by_name(names: Sequence[str], row: AnyArray) -> dict[str, float]:
    return dict(zip(names, map(rounded, row.tolist()), strict=True))
