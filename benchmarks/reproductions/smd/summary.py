"""The SMD table from its rows: macro averages over machines, and how they spread over seeds."""

from collections.abc import Iterable, Sequence

import numpy as np

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.smd.evaluation import Row

__all__ = ["summarize"]

_FIGURES = (
    *("precision", "recall", "f1", "oracle_f1", "ap", "vus_pr"),
    *("hit_rate_100", "hit_rate_150", "agreement"),
)


def summarize(rows: Iterable[Row]) -> list[Row]:
    """Returns a row a model and score: macro averages over machines, and their spread over seeds.

    Adds how often each agrees with the teacher's calls, window by window.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["row"], row["score"]), []).append(row)
    summary = []
    for (name, score), group in groups.items():
        reference = score or "error and level"
        for row in group:
            row["agreement"] = _agreement(row, groups[("teacher", reference)])
        by_seed: dict[int, list[Row]] = {}
        for row in group:
            by_seed.setdefault(row["seed"], []).append(row)
        macro = [
            {figure: float(np.mean([row[figure] for row in seed])) for figure in _FIGURES}
            for seed in by_seed.values()
        ]
        summary.append(
            {
                "row": name,
                "score": score,
                "parameters": group[0]["parameters"],
                "seeds": len(by_seed),
                "machines": sorted({row["machine"] for row in group}),
                **{figure: spread(macro, figure) for figure in _FIGURES},
                "f1_by_machine": {
                    machine: float(np.median([r["f1"] for r in group if r["machine"] == machine]))
                    for machine in sorted({row["machine"] for row in group})
                },
            }
        )
    return summary


def _agreement(row: Row, teacher: Sequence[Row]) -> float:
    """Returns the share of windows in which a row's call is the teacher's."""
    same = next(t for t in teacher if t["machine"] == row["machine"])
    differing = set(row["called"]) ^ set(same["called"])
    return 1 - len(differing) / int(row["windows"])
