"""The SMD table's baselines, which use no network: random scores, no model, PCA."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from tqdm import tqdm

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.smd.document import ROBUST_SCORE, Figures, JudgedRow
from stillwatch.benchmarks.reproductions.smd.evaluation import RATE, WINDOW, judge_scores
from stillwatch.export.calibrate.options import ROBUST_SHRINKAGE, SHRINKAGE, CalibrationOptions
from stillwatch.export.calibrate.usual import usual_rows
from stillwatch.runtime.alarms.thresholds import window_threshold
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import ROBUST, by_channel, features
from stillwatch.runtime.scoring.scaling import Moments, series_moments
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["evaluate_baselines"]


@dataclass(frozen=True)
class _Scored:
    """A baseline's scores of the normal rows and of the test (T,), and whom it blames, (T, C)."""

    on_normal: Float64
    on_test: Float64
    contribution: Float64
    error: Float64


def evaluate_baselines(machines: Sequence[Machine], seeds: int, out: Path) -> list[JudgedRow]:
    """Returns rows of random scores, of no model, robust and by its level, and of PCA."""
    rows: list[JudgedRow] = []
    for machine in tqdm(machines, desc="baselines", unit="machine"):
        for (name, score, seed), scored in _baselines(machine, seeds).items():
            key = f"{name} {score or 'plain'} {seed} {machine.name}".replace(" ", "-")
            (row,) = kept(out / f"{key}.json", partial(_judged, machine, scored))
            rows.append(
                {
                    "row": name,
                    "score": score,
                    "seed": seed,
                    "machine": machine.name,
                    "parameters": None,
                    **row,
                }
            )
    return rows


def _baselines(machine: Machine, seeds: int) -> dict[tuple[str, str, int], _Scored]:
    """Returns the baselines of a machine by name, score and seed."""
    normal = held_out(machine)
    moments = series_moments(normal)
    before, after = ((v - moments.mean) / moments.scale for v in (normal, machine.test))
    distance = fit_mahalanobis(before, SHRINKAGE)
    parts = distance.parts(after)
    levels = _Scored(distance.score(before), parts.sum(axis=1), parts, np.abs(after))
    normal_errors, errors = (_pca_errors(before, values) for values in (before, after))
    squares = np.square(errors)
    pca = _Scored(np.square(normal_errors).sum(axis=1), squares.sum(axis=1), squares, errors)
    result = {
        ("no model", ROBUST_SCORE, 0): _robust(normal, machine.test),
        ("no model", "level", 0): levels,
        ("PCA", "", 0): pca,
    }
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        noise = generator.chisquare(1, len(normal)), generator.chisquare(1, len(after))
        blame = generator.random(after.shape)
        result["random", "", seed] = _Scored(*noise, blame, blame)
    return result


def _robust(normal: Float64, test: Float64) -> _Scored:
    """Returns the robust score with a reconstruction of zero in the network's place."""

    def decode(moments: Moments) -> tuple[Float64, Float64]:
        scaled = (normal - moments.mean) / moments.scale
        return scaled, np.zeros_like(scaled)

    rows = usual_rows(normal, decode, CalibrationOptions())
    seen = rows.features[rows.usual]
    distance = fit_mahalanobis(seen, ROBUST_SHRINKAGE)
    after = (test - rows.moments.mean) / rows.moments.scale
    parts = distance.parts(features(ROBUST, after, np.zeros_like(after)))
    contribution = by_channel(parts, test.shape[1])
    return _Scored(distance.score(seen), parts.sum(axis=1), contribution, np.abs(after))


def _judged(machine: Machine, scored: _Scored) -> list[Figures]:
    rule = window_threshold(scored.on_normal, WINDOW, RATE)
    return [judge_scores(machine, scored.on_test, scored.contribution, scored.error, rule)]


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
