"""SMD as TSB-AD has it, and how the robust score ranks rows under both protocols.

TSB-AD's series are the test files; the head of each, up to its `tr` row, is
all that training and calibration may see of a machine.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score
from tqdm import tqdm

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.detection.tsb_vus import period, tsb_vus_pr
from stillwatch.benchmarks.detection.vus import vus_pr
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import (
    RankingPart,
    RankingRow,
    RankingSummary,
)
from stillwatch.benchmarks.reproductions.smd.alarms.left_out import left_out_capsule
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import ROBUST_SHRINKAGE, CalibrationOptions
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import ROBUST, WITH_LEVEL, features
from stillwatch.runtime.scoring.scaling import floored_moments
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = [
    "PUBLISHED",
    "TRAINED",
    "heads",
    "ranking_row",
    "ranking_rows",
    "summarize_ranking",
]

# The last rows of the heads, of TSB-AD's file names; by machine.
TRAINED = {"2-1": 5923, "1-7": 737, "2-2": 5925, "2-7": 564, "2-8": 5925}

# VUS-PR of TSB-AD's own table, its hyperparameters tuned on other series: means over these five.
PUBLISHED = {
    "PCA": 0.505,
    "EIF": 0.466,
    "CNN": 0.421,
    "AutoEncoder": 0.405,
    "KMeansAD": 0.404,
    "LSTMAD": 0.357,
    "OmniAnomaly": 0.262,
}


def ranking_rows(machines: Sequence[Machine], seeds: int, out: Path) -> list[RankingRow]:
    """Returns a row a score, protocol, seed and machine; kept in `out`, so resumable."""
    rows: list[RankingRow] = []
    for machine in tqdm(machines, desc="ranking", unit="machine"):
        rows += kept(out / f"ranking-plain-{machine.name}.json", partial(_plain, machine))
        for seed in range(seeds):
            content = left_out_capsule(machine, machines, seed, out / "left-out")
            judged = partial(_with_network, machine, content, seed)
            rows += kept(out / f"ranking-network-{machine.name}-{seed}.json", judged)
    return rows


def summarize_ranking(rows: Sequence[RankingRow], chosen: Sequence[str]) -> list[RankingSummary]:
    """Returns a row a score and protocol: means over machines, medians and spread over seeds."""
    summary: list[RankingSummary] = []
    for protocol, score in sorted({(row["protocol"], row["score"]) for row in rows}):
        mine = [r for r in rows if (r["protocol"], r["score"]) == (protocol, score)]
        row: RankingSummary = {"protocol": protocol, "score": score, "all": _part(mine)}
        if of_chosen := [r for r in mine if r["machine"] in chosen]:
            row["chosen"] = _part(of_chosen)
        if held := [r for r in mine if r["machine"] not in chosen]:
            row["held"] = _part(held)
        summary.append(row)
    return summary


def _part(rows: Sequence[RankingRow]) -> RankingPart:
    seeds = [[r for r in rows if r["seed"] == seed] for seed in sorted({r["seed"] for r in rows})]
    return {
        "machines": sorted({row["machine"] for row in rows}),
        "seeds": len(seeds),
        "ap": spread(float(np.mean([row["ap"] for row in seed])) for seed in seeds),
        "vus_pr": spread(float(np.mean([row["vus_pr"] for row in seed])) for seed in seeds),
        "tsb_vus_pr": spread(float(np.mean([row["tsb_vus_pr"] for row in seed])) for seed in seeds),
    }


def heads(machine: Machine) -> dict[str, Float64]:
    """Returns the rows that may be seen, by protocol."""
    parts = {"ours": held_out(machine)}
    if machine.name in TRAINED:
        parts["TSB-AD"] = machine.test[: TRAINED[machine.name]]
    return parts


def _plain(machine: Machine) -> list[RankingRow]:
    """Returns the rows without a network: of a reconstruction of zero, and of PCA."""
    rows: list[RankingRow] = []
    for protocol, normal in heads(machine).items():
        moments = floored_moments(normal)
        before, after = ((v - moments.mean) / moments.scale for v in (normal, machine.test))
        seen, result = (features(ROBUST, v, np.zeros_like(v)) for v in (before, after))
        pca = PCA(n_components=0.9, svd_solver="full").fit(before)
        errors = after - pca.inverse_transform(pca.transform(after))
        scores = {
            "robust, no network": fit_mahalanobis(seen, ROBUST_SHRINKAGE).score(result),
            "PCA, its error": np.square(errors).sum(axis=1),
        }
        rows += [ranking_row(machine, protocol, name, 0, score) for name, score in scores.items()]
    return rows


def _with_network(machine: Machine, content: bytes, seed: int) -> list[RankingRow]:
    rows: list[RankingRow] = []
    for protocol, normal in heads(machine).items():
        for kind, name in ((ROBUST, "robust, network"), (WITH_LEVEL, "error and level, network")):
            options = CalibrationOptions(features=kind)
            calibrated = calibrate(content, "student", normal, options)
            result = Detector.from_bytes(calibrated.content, "student").score(machine.test)
            score = result.score.astype(np.float64)
            rows.append(ranking_row(machine, protocol, name, seed, score))
    return rows


def ranking_row(
    machine: Machine, protocol: str, name: str, seed: int, score: Float64
) -> RankingRow:
    """Returns how a score (T,) of the test ranks its rows."""
    labels = machine.labels
    return {
        "protocol": protocol,
        "score": name,
        "seed": seed,
        "machine": machine.name,
        "ap": float(average_precision_score(labels, score)),
        "vus_pr": vus_pr(labels, score),
        "tsb_vus_pr": tsb_vus_pr(labels, score, period(machine.test[:, 0])),
    }
