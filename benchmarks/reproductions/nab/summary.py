"""The NAB table: each detector's official score on the chosen half, the other, and all files."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.detection.nab_score import (
    PROFILES,
    NabScore,
    Profile,
    Scored,
    nab_at,
    nab_score,
)
from stillwatch.benchmarks.reproductions.nab.document import (
    ByProfile,
    NabFigures,
    Part,
    PartFigures,
    Profiles,
    Row,
    Values,
)
from stillwatch.train.data.sets import NAB_SERIES

__all__ = ["CHOSEN", "HELD", "PARTS", "PUBLISHED", "figures", "row"]

CHOSEN = tuple(
    name
    for _, category in groupby(NAB_SERIES, lambda name: name.split("/")[0])
    for name in list(category)[::2]
)
HELD = tuple(name for name in NAB_SERIES if name not in CHOSEN)
PARTS: tuple[Part, ...] = ("all", "chosen", "held")


def _profiles(standard: float, low_fp: float, low_fn: float) -> Profiles:
    return {
        "standard": standard,
        "reward_low_FP_rate": low_fp,
        "reward_low_FN_rate": low_fn,
    }


# As committed in numenta/NAB, results/final_results.json: standard, low FP, low FN.
PUBLISHED = {
    "ARTime": _profiles(74.85, 65.15, 80.36),
    "Numenta HTM": _profiles(70.10, 63.12, 74.32),
    "CAD OSE": _profiles(69.90, 66.98, 73.18),
    "earthgecko Skyline": _profiles(58.20, 46.20, 63.80),
    "KNN CAD": _profiles(57.99, 43.41, 64.81),
    "relative entropy": _profiles(54.64, 47.60, 58.84),
    "Random Cut Forest": _profiles(51.72, 38.36, 59.75),
    "Twitter ADVec": _profiles(47.06, 33.61, 53.50),
    "windowed Gaussian": _profiles(39.65, 20.87, 47.41),
    "Etsy Skyline": _profiles(35.69, 27.08, 44.48),
    "random": _profiles(16.83, 5.76, 25.88),
}


def figures(files: Mapping[str, Scored]) -> ByProfile:
    """Returns value, threshold and counts by profile and part.

    all: the official score, its threshold searched over all files. chosen:
    the same over the chosen half alone. held: the other half at that
    threshold, so that nothing of it was fitted to these labels.
    """
    chosen, held = ([files[name] for name in part if name in files] for part in (CHOSEN, HELD))

    def scored(profile: Profile) -> PartFigures:
        fitted = nab_score(chosen, profile)
        return {
            "all": _figures(nab_score(chosen + held, profile)),
            "chosen": _figures(fitted),
            "held": _figures(nab_at(held, profile, fitted.threshold)),
        }

    return {
        "standard": scored(PROFILES["standard"]),
        "reward_low_FP_rate": scored(PROFILES["reward_low_FP_rate"]),
        "reward_low_FN_rate": scored(PROFILES["reward_low_FN_rate"]),
    }


def row(name: str, parameters: int | None, seeds: Sequence[ByProfile]) -> Row:
    """Returns a row of the table: the spread over seeds, and the seeds' figures themselves."""
    return {
        "row": name,
        "parameters": parameters,
        "standard": _values([seed["standard"] for seed in seeds]),
        "reward_low_FP_rate": _values([seed["reward_low_FP_rate"] for seed in seeds]),
        "reward_low_FN_rate": _values([seed["reward_low_FN_rate"] for seed in seeds]),
        "seeds": list(seeds),
    }


def _values(seeds: Sequence[PartFigures]) -> Values:
    return {
        "all": spread(seed["all"]["value"] for seed in seeds),
        "chosen": spread(seed["chosen"]["value"] for seed in seeds),
        "held": spread(seed["held"]["value"] for seed in seeds),
    }


def _figures(score: NabScore) -> NabFigures:
    return {
        "value": score.value,
        "threshold": min(score.threshold, 1e9),  # JSON has no infinity
        "found": score.found,
        "windows": score.windows,
        "false": score.false,
    }
