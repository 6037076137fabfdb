"""The NAB table: each detector's official score on the chosen half, the other, and all files."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.detection.nab_score import PROFILES, Scored, nab_at, nab_score
from stillwatch.train.data.sets import NAB_SERIES

__all__ = ["CHOSEN", "HELD", "PARTS", "PUBLISHED", "figures", "row"]

CHOSEN = tuple(
    name
    for _, category in groupby(NAB_SERIES, lambda name: name.split("/")[0])
    for name in list(category)[::2]
)
HELD = tuple(name for name in NAB_SERIES if name not in CHOSEN)
PARTS = ("all", "chosen", "held")

# As committed in numenta/NAB, results/final_results.json: standard, low FP, low FN.
PUBLISHED = {
    "ARTime": (74.85, 65.15, 80.36),
    "Numenta HTM": (70.10, 63.12, 74.32),
    "CAD OSE": (69.90, 66.98, 73.18),
    "earthgecko Skyline": (58.20, 46.20, 63.80),
    "KNN CAD": (57.99, 43.41, 64.81),
    "relative entropy": (54.64, 47.60, 58.84),
    "Random Cut Forest": (51.72, 38.36, 59.75),
    "Twitter ADVec": (47.06, 33.61, 53.50),
    "windowed Gaussian": (39.65, 20.87, 47.41),
    "Etsy Skyline": (35.69, 27.08, 44.48),
    "random": (16.83, 5.76, 25.88),
}


def figures(files: Mapping[str, Scored]) -> dict[str, Any]:
    """Returns value, threshold and counts by profile and part.

    all: the official score, its threshold searched over all files. chosen:
    the same over the chosen half alone. held: the other half at that
    threshold, so that nothing of it was fitted to these labels.
    """
    chosen, held = ([files[name] for name in part if name in files] for part in (CHOSEN, HELD))
    found: dict[str, Any] = {}
    for name, profile in PROFILES.items():
        fitted = nab_score(chosen, profile)
        scores = {
            "all": nab_score(chosen + held, profile),
            "chosen": fitted,
            "held": nab_at(held, profile, fitted.threshold),
        }
        found[name] = {part: vars(score) for part, score in scores.items()}
        for score in found[name].values():
            score["threshold"] = min(score["threshold"], 1e9)  # JSON has no infinity
    return found


def row(name: str, parameters: int | None, seeds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns a row of the table: the spread over seeds, and the seeds' figures themselves."""
    return {
        "row": name,
        "parameters": parameters,
        **{
            profile: {
                part: spread([seed[profile][part] for seed in seeds], "value") for part in PARTS
            }
            for profile in PROFILES
        },
        "seeds": list(seeds),
    }
