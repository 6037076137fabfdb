"""The SMD table's baselines, which use no network: random scores, no model, PCA."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from tqdm import tqdm

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.smd.document import Figures, JudgedRow
from stillwatch.benchmarks.reproductions.smd.evaluation import RATE, WINDOW, judge_scores
from stillwatch.export.calibrate.options import SHRINKAGE
from stillwatch.runtime.alarms.thresholds import WindowThreshold, window_threshold
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.scaling import series_moments
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["evaluate_baselines"]


def evaluate_baselines(machines: Sequence[Machine], seeds: int, out: Path) -> list[JudgedRow]:
    """Returns rows of random scores, of no model (the distance of scaled values), and of PCA."""
    rows: list[JudgedRow] = []
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
            judge = partial(_judged, machine, on_test, error, rule)
            (row,) = kept(out / f"{key}.json", judge)
            rows.append(
                {
                    "row": name,
                    "score": "",
                    "seed": seed,
                    "machine": machine.name,
                    "parameters": None,
                    **row,
                }
            )
    return rows


def _judged(
    machine: Machine, score: Float64, error: Float64, rule: WindowThreshold
) -> list[Figures]:
    return [judge_scores(machine, score, error, rule)]


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
