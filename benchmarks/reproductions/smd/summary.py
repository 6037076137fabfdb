"""The SMD table from its rows: macro averages over machines, and how they spread over seeds."""

from collections.abc import Iterable, Sequence

import numpy as np

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.smd.document import (
    LEVEL,
    ROBUST_SCORE,
    JudgedRow,
    Row,
    SummaryRow,
)
from stillwatch.runtime.report.tables import Spread

__all__ = ["summarize", "with_agreement"]


# What the teacher is judged by where a row is asked how often they agree.
_TEACHERS = {"": ROBUST_SCORE, "level": LEVEL}


def with_agreement(rows: Sequence[JudgedRow]) -> list[Row]:
    """Returns the rows with how often each agrees with the teacher's calls, window by window."""
    teacher = {(r["machine"], r["score"]): r for r in rows if r["row"] == "teacher"}
    return [
        {
            **r,
            "agreement": _agreement(
                r, teacher[r["machine"], _TEACHERS.get(r["score"], r["score"])]
            ),
        }
        for r in rows
    ]


def summarize(rows: Iterable[Row]) -> list[SummaryRow]:
    """Returns a row a model and score: macro averages over machines, spread over seeds."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["row"], row["score"]), []).append(row)
    summary: list[SummaryRow] = []
    for (name, score), group in groups.items():
        by_seed: dict[int, list[Row]] = {}
        for row in group:
            by_seed.setdefault(row["seed"], []).append(row)
        seeds = by_seed.values()
        summary.append(
            {
                "row": name,
                "score": score,
                "parameters": group[0]["parameters"],
                "seeds": len(seeds),
                "machines": sorted({row["machine"] for row in group}),
                "precision": _macro([row["precision"] for row in seed] for seed in seeds),
                "recall": _macro([row["recall"] for row in seed] for seed in seeds),
                "f1": _macro([row["f1"] for row in seed] for seed in seeds),
                "oracle_f1": _macro([row["oracle_f1"] for row in seed] for seed in seeds),
                "ap": _macro([row["ap"] for row in seed] for seed in seeds),
                "vus_pr": _macro([row["vus_pr"] for row in seed] for seed in seeds),
                "hit_rate_100": _macro([row["hit_rate_100"] for row in seed] for seed in seeds),
                "contribution_hit_rate_100": _macro(
                    [row["contribution_hit_rate_100"] for row in seed] for seed in seeds
                ),
                "hit_rate_150": _macro([row["hit_rate_150"] for row in seed] for seed in seeds),
                "contribution_hit_rate_150": _macro(
                    [row["contribution_hit_rate_150"] for row in seed] for seed in seeds
                ),
                "agreement": _macro([row["agreement"] for row in seed] for seed in seeds),
                "f1_by_machine": {
                    machine: float(np.median([r["f1"] for r in group if r["machine"] == machine]))
                    for machine in sorted({row["machine"] for row in group})
                },
            }
        )
    return summary


def _macro(by_machine: Iterable[Sequence[float]]) -> Spread:
    """Returns the spread over seeds of a figure's mean over machines."""
    return spread(float(np.mean(figures)) for figures in by_machine)


def _agreement(row: JudgedRow, teacher: JudgedRow) -> float:
    differing = set(row["called"]) ^ set(teacher["called"])
    return 1 - len(differing) / int(row["windows"])
