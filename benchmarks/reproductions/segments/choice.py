"""The rows of the comparison, and which network is to be the default: a rule, not an eye."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.segments.evaluation import Row
from stillwatch.benchmarks.reproductions.smd.scores import CHOSEN, OTHERS

__all__ = ["FIGURES", "PARTS", "choose", "not_below", "summarize"]

FIGURES = ("f1", "ap", "vus_pr", "hit_rate_100")
PARTS = {"chosen": CHOSEN, "held": OTHERS}
_JUDGED_BY = ("f1", "vus_pr", "hit_rate_100")


def summarize(rows: Sequence[Row], latency: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Returns a row a network: means over machines, chosen and held apart, and spread by seed."""
    summary = []
    for name in dict.fromkeys(row["row"] for row in rows):
        mine = [row for row in rows if row["row"] == name]
        seeds = sorted({row["seed"] for row in mine})
        result: Row = {
            "row": name,
            "parameters": mine[0]["parameters"],
            "seeds": len(seeds),
            **latency.get(mine[0].get("size", ""), {}),
        }
        for part, machines in PARTS.items():
            macro = [
                _means([r for r in mine if r["seed"] == seed and r["machine"] in machines])
                for seed in seeds
            ]
            result[part] = {figure: spread(one[figure] for one in macro) for figure in FIGURES}
        summary.append(result)
    return summary


def choose(rows: Sequence[Row], summary: Sequence[Row], standard: str) -> tuple[str, int] | None:
    """Returns row and seed of the cheapest network that is below `standard` in nothing, or None.

    On the machines to choose on alone: by the row's medians over seeds, of the
    rows with as many seeds as any; of those that are left the least time a
    window; of its seeds that are below in nothing either the best VUS-PR.
    """
    least = next(row for row in summary if row["row"] == standard)["chosen"]
    seeds = max(row["seeds"] for row in summary)
    others = [row for row in summary if row["row"] != standard and "window_us" in row]
    fit = [row for row in others if row["seeds"] == seeds]
    fit = [row for row in fit if all(_median(row, f) >= least[f]["median"] for f in _JUDGED_BY)]
    for row in sorted(fit, key=lambda row: float(row["window_us"])):
        mine = [r for r in rows if r["row"] == row["row"] and r["machine"] in CHOSEN]
        by_seed = {
            seed: _means([r for r in mine if r["seed"] == seed])
            for seed in {r["seed"] for r in mine}
        }
        good = [
            (means["vus_pr"], seed)
            for seed, means in by_seed.items()
            if all(means[f] >= least[f]["median"] for f in _JUDGED_BY)
        ]
        if good:
            return row["row"], max(good)[1]
    return None


def not_below(rows: Sequence[Row], others: Sequence[Row]) -> dict[str, dict[str, bool]]:
    """Returns by part and figure whether a network's rows are not below another's."""
    result = {}
    for part, machines in PARTS.items():
        ours, theirs = (
            _means([r for r in some if r["machine"] in machines]) for some in (rows, others)
        )
        result[part] = {figure: ours[figure] >= theirs[figure] for figure in _JUDGED_BY}
    return result


def _median(row: Row, figure: str) -> float:
    return float(row["chosen"][figure]["median"])


def _means(rows: Sequence[Row]) -> dict[str, Any]:
    return {figure: float(np.mean([row[figure] for row in rows])) for figure in FIGURES}
