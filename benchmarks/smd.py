"""The SMD table: every network on every machine, beside baselines that use no network."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from tqdm import tqdm

from stillwatch.benchmarks.smd_detection import called_windows, evaluate, hit_rate
from stillwatch.benchmarks.smd_networks import Network
from stillwatch.export.calibrate import SHRINKAGE, calibrate
from stillwatch.export.capsule import build_capsule
from stillwatch.export.quantize import quantize
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import make_folder, write_text
from stillwatch.runtime.scaling import series_moments
from stillwatch.runtime.scoring import fit_mahalanobis
from stillwatch.runtime.thresholds import WindowThreshold, window_threshold
from stillwatch.train.checkpoint import load_checkpoint
from stillwatch.train.data import Machine
from stillwatch.train.smd import held_out

__all__ = [
    "RATE",
    "WINDOW",
    "evaluate_baselines",
    "evaluate_network",
    "judge_capsule",
    "kept",
    "summarize",
]

RATE = 0.01  # of normal windows that may be called anomalous
WINDOW = 100
_FEWEST_UNITS_INT8 = 64

Row = dict[str, Any]


def evaluate_network(
    network: Network, folder: Path, machines: Sequence[Machine], out: Path
) -> list[Row]:
    """Returns the network's rows: one a machine, score and precision; kept in `out`, so resumable.

    A universal network is judged on the machine that it never saw alone.
    """
    checkpoint, weights = load_checkpoint(folder)
    base = build_capsule(checkpoint, weights)
    judged = [m for m in machines if network.judged_on(m.name)]
    precisions = ["fp32"]
    if checkpoint.config.units >= _FEWEST_UNITS_INT8:
        precisions.append("int8")
    rows = []
    for machine in tqdm(judged, desc=network.name, unit="machine"):
        for precision in precisions:

            def judge(machine: Machine = machine, precision: str = precision) -> list[Row]:
                return judge_capsule(base, network.name, machine, int8=precision == "int8")

            for row in kept(out / f"{network.name}-{machine.name}-{precision}.json", judge):
                rows.append(
                    {
                        "row": network.row + (", int8" if precision == "int8" else ""),
                        "seed": checkpoint.config.seed,
                        "machine": machine.name,
                        "parameters": checkpoint.parameters,
                        **row,
                    }
                )
    return rows


def evaluate_baselines(machines: Sequence[Machine], seeds: int, out: Path) -> list[Row]:
    """Returns rows of random scores, of no model (the distance of scaled values), and of PCA."""
    rows: list[Row] = []
    for machine in tqdm(machines, desc="baselines", unit="machine"):
        normal = held_out(machine)
        moments = series_moments(normal)
        before, after = ((v - moments.mean) / moments.scale for v in (normal, machine.test))
        distance = fit_mahalanobis(before, SHRINKAGE)
        pca = [_pca_errors(before, values) for values in (before, after)]
        scored = {
            ("no model", 0): (distance.score(before), distance.score(after), np.abs(after)),
            ("PCA", 0): (*(np.square(errors).sum(axis=1) for errors in pca), pca[1]),
        }
        for seed in range(seeds):
            generator = np.random.default_rng(seed)
            noise = generator.chisquare(1, len(normal)), generator.chisquare(1, len(after))
            scored["random", seed] = (*noise, generator.random(after.shape))
        for (name, seed), (on_normal, on_test, error) in scored.items():
            key = f"{name.replace(' ', '-')}-{seed}-{machine.name}"
            rule = window_threshold(on_normal, WINDOW, RATE)

            def judge(
                machine: Machine = machine,
                score: Float64 = on_test,
                error: Float64 = error,
                rule: WindowThreshold = rule,
            ) -> list[Row]:
                return [_figures(machine, score, error, rule)]

            (row,) = kept(out / f"{key}.json", judge)
            about = {"row": name, "score": "", "seed": seed, "machine": machine.name}
            rows.append({**about, "parameters": None, **row})
    return rows


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
        figures = {
            figure: [float(np.mean([row[figure] for row in seed])) for seed in by_seed.values()]
            for figure in (
                *("precision", "recall", "f1", "oracle_f1", "ap", "vus_pr"),
                *("hit_rate_100", "hit_rate_150", "agreement"),
            )
        }
        summary.append(
            {
                "row": name,
                "score": score,
                "parameters": group[0]["parameters"],
                "seeds": len(by_seed),
                "machines": sorted({row["machine"] for row in group}),
                **{
                    figure: {
                        "median": float(np.median(values)),
                        "min": min(values),
                        "max": max(values),
                    }
                    for figure, values in figures.items()
                },
                "f1_by_machine": {
                    machine: float(np.median([r["f1"] for r in group if r["machine"] == machine]))
                    for machine in sorted({row["machine"] for row in group})
                },
            }
        )
    return summary


def judge_capsule(base: bytes, name: str, machine: Machine, *, int8: bool) -> list[Row]:
    """Returns a row for the error with the level beside it, and in fp32 one for the error alone.

    The network runs once: its errors are the same, only the distance differs.
    """
    calibrated = calibrate(base, name, held_out(machine), rate=RATE)
    content = quantize(calibrated.content, name) if int8 else calibrated.content
    detector = Detector.from_bytes(content, "the capsule being judged")
    result = detector.score(machine.test)
    figures = detector.info.threshold
    rule = WindowThreshold(**{name: figures[name] for name in WindowThreshold.__annotations__})
    score = result.score.astype(np.float64)
    row = _figures(machine, score, result.error, rule)
    rows = [{"score": "error and level", "bytes": len(content), **row}]
    if not int8:
        errors = calibrated.features[:, : machine.test.shape[1]]
        distance = fit_mahalanobis(errors, SHRINKAGE)
        rule = window_threshold(distance.score(errors), WINDOW, RATE)
        score = distance.score(result.error.astype(np.float64))
        rows.append({"score": "error", **_figures(machine, score, result.error, rule)})
    return rows


def _figures(machine: Machine, score: Float64, error: AnyArray, rule: WindowThreshold) -> Row:
    called = called_windows(score, WINDOW, rule.value, rule.count)
    return {
        **evaluate(machine.labels, score, WINDOW, rule.value, rule.count),
        "hit_rate_100": hit_rate(machine.incidents, error, 1.0),
        "hit_rate_150": hit_rate(machine.incidents, error, 1.5),
        "called": np.flatnonzero(called).tolist(),
        "windows": len(called),
    }


def _agreement(row: Row, teacher: Sequence[Row]) -> float:
    """Returns the share of windows in which a row's call is the teacher's."""
    same = next(t for t in teacher if t["machine"] == row["machine"])
    differing = set(row["called"]) ^ set(same["called"])
    return 1 - len(differing) / int(row["windows"])


def kept(path: Path, make: Callable[[], list[Row]]) -> list[Row]:
    """Returns what is in `path`; where there is nothing, makes it and puts it there."""
    if path.is_file():
        kept: list[Row] = json.loads(path.read_text())
        return kept
    make_folder(path.parent)
    rows = make()
    write_text(path, json.dumps(rows))
    return rows


def _pca_errors(normal: Float64, values: Float64) -> Float64:
    """Returns the errors (T, C) of a PCA of normal rows; of windows where there is one channel."""
    if values.shape[1] > 1:
        return _errors(normal, values)
    rest = len(values) % WINDOW
    windows = [v[: len(v) // WINDOW * WINDOW].reshape(-1, WINDOW) for v in (normal, values)]
    errors = _errors(*windows).ravel()
    if rest:
        last = _errors(windows[0], values[-WINDOW:].reshape(1, WINDOW))
        errors = np.append(errors, last[0, -rest:])
    return errors[:, None]


def _errors(normal: Float64, values: Float64) -> Float64:
    pca = PCA(n_components=0.9, svd_solver="full").fit(normal)
    errors: Float64 = np.abs(values - pca.inverse_transform(pca.transform(values)))
    return errors
