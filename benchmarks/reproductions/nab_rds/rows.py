"""A row of the nab-rds table, from the alarms of each seed."""

from collections.abc import Sequence
from typing import Any

from stillwatch.benchmarks.detection.counts import count_points, count_windows, spread
from stillwatch.runtime.arrays import Bool
from stillwatch.train.data.sets import LabelledSeries

__all__ = ["counts", "row"]

_FIGURES = ("tp", "fp", "f1", "nab")


def counts(test: LabelledSeries, alarm: Bool) -> dict[str, Any]:
    """Returns how alarms (T,) meet the labels of the test series, in both ways of counting."""
    return {
        "points": count_points(test.labels, alarm).as_dict(),
        "windows": count_windows(test.windows, alarm).as_dict(),
    }


def row(
    model: str, policy: str, seeds: Sequence[dict[str, Any]], masked: bool | None
) -> dict[str, Any]:
    """Returns a row of the table: how its figures spread over seeds, and the seeds themselves.

    masked: None where no network was trained.
    """
    return {
        "model": model,
        "masked": masked,
        "scaling": policy,
        "threshold": spread(seeds, "threshold"),
        **{
            how: {name: spread([seed[how] for seed in seeds], name) for name in _FIGURES}
            for how in ("points", "windows")
        },
        "seeds": list(seeds),
    }
