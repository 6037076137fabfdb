"""From the stream's figures to the lines that a watch answers."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.runtime.alarms.events import Event
from stillwatch.runtime.arrays import LARGEST, AnyArray

__all__ = ["OURS", "as_line", "event_figures", "figures", "rounded"]

# What an answer says of its own: members of a line that go by these names do not pass through.
OURS = ("line", "score", "alarm", "warm_up", "missing", "reconstruction", "error")


def rounded(figure: float) -> float:
    """Returns a figure in nine digits, which give the same float32 back."""
    return max(-LARGEST, min(float(f"{figure:.9g}"), LARGEST))  # JSON has no infinity


def figures(
    names: Sequence[str], score: float, alarm: bool, reconstruction: AnyArray, error: AnyArray
) -> dict[str, Any]:
    """Returns what an answer says of one row; reconstruction, error: (C,)."""
    if math.isnan(score):
        return {"score": None, "alarm": alarm, "reason": "the score is not a number"}
    return {
        "score": rounded(score),
        "alarm": alarm,
        "reconstruction": _by_name(names, reconstruction),
        "error": _by_name(names, error),
    }


def event_figures(event: Event) -> dict[str, Any]:
    """Returns what an answer says of an event's beginning or end."""
    return {
        "event": "end" if event.ended else "start",
        "start": event.start,
        "end": event.end,
        "peak": event.peak,
        "score": rounded(event.score),
        "alarms": event.alarms,
        "channels": {name: round(share, 4) for name, share in event.channels},
    }


def as_line(answer: Mapping[str, Any]) -> str:
    """Returns an answer as one line of JSON."""
    return json.dumps(answer) + "\n"


def _by_name(names: Sequence[str], row: AnyArray) -> dict[str, float]:
    return dict(zip(names, map(rounded, row.tolist()), strict=True))
