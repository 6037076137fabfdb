"""One choice of the recipe changed at a time, on ETTh1, 96 rows ahead; and the micro-forecaster."""

from pathlib import Path
from typing import Any

from stillwatch.benchmarks.reproductions.forecast.ett import config_of, evaluate
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.series import Series

__all__ = ["CHOICES", "MICRO", "QUICK", "chosen", "evaluate_choices"]

_HORIZON = 96
# At most 20,000 parameters: fewer units, and the linear map of a low rank.
MICRO: dict[str, Any] = {"units": 32, "rank": 8}
_ALPHA = 0.5
_RECURSIVE: dict[str, Any] = {
    "strategy": "recursive", "lookback": 96, "steps": 40, "dropout": 0.0, "linear": 0,
}  # fmt: skip

CHOICES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "micro": MICRO,
    "micro, distilled": {**MICRO, "alpha": _ALPHA},
    "recursive": {**_RECURSIVE, "calendar": ("hour",)},
    "calendar read": {"calendar": ("hour", "weekday")},
    "lookback 336": {"lookback": 336, "segment": 48},
    "segments of 24": {"segment": 24},
    "32 units": {"units": 32},
    "no dropout": {"dropout": 0.0},
    "channels joint": {"channels": "joint"},
    "recursive, two layers": {**_RECURSIVE, "calendar": ("hour",), "layers": 2},
}
QUICK = ("as it is", "micro")


def chosen(names: list[str] | None) -> tuple[str, ...]:
    """Returns choices by their names, all where none are said; raises InputError."""
    for name in names or ():
        if name not in CHOICES:
            raise InputError(f"expected a choice of {', '.join(CHOICES)}, got {name!r}")
    return tuple(names or CHOICES)


def evaluate_choices(
    series: Series, out: Path, names: tuple[str, ...] = tuple(CHOICES)
) -> dict[str, dict[str, Any]]:
    """Returns each choice's figures, seed 0; what is distilled is taught by the recipe's own."""
    result = {}
    for name in names:
        changed = CHOICES[name]
        folder = out / f"choice-{name.replace(' ', '-').replace(',', '')}"
        if not changed:
            folder = out / f"etth1-{_HORIZON}-0"
        teacher = out / f"etth1-{_HORIZON}-0" / "checkpoint" if changed.get("alpha") else None
        result[name] = evaluate(series, config_of(_HORIZON, 0, **changed), folder, teacher=teacher)
    return result
