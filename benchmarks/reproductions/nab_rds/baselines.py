"""The nab-rds table's baselines: no model at all, and random scores."""

import numpy as np

from stillwatch.benchmarks.reproductions.nab_rds.document import DetectionRow
from stillwatch.benchmarks.reproductions.nab_rds.rows import row, seed_figures
from stillwatch.runtime.alarms.thresholds import mean_plus_sigmas
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.distance import squared_error
from stillwatch.runtime.scoring.scaling import ScalingPolicy, rolling_moments, series_moments
from stillwatch.train.data.sets import LabelledSeries
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["baselines"]


def baselines(train: LabelledSeries, test: LabelledSeries, seeds: int) -> list[DetectionRow]:
    """Returns rows for no model at all (its reconstruction is zero) and for random scores."""
    sigmas = NabRdsConfig().sigmas
    rows = []
    for policy in NabRdsConfig().scaling:
        normal = _no_model(train.masked(), train.masked(), policy)
        threshold = mean_plus_sigmas(normal[~np.isnan(normal)], sigmas).value
        alarm = _no_model(test.values, train.masked(), policy) > threshold
        rows.append(row("no model", policy, [seed_figures(0, threshold, test, alarm)], None))
    drawn = []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        threshold = mean_plus_sigmas(generator.chisquare(1, len(train.values)), sigmas).value
        alarm = generator.chisquare(1, len(test.values)) > threshold
        drawn.append(seed_figures(seed, threshold, test, alarm))
    rows.append(row("random", "none", drawn, None))
    return rows


def _no_model(values: Float64, trained: Float64, policy: str) -> Float64:
    """Returns the score (T,) of each value with a reconstruction of zero; NaN without history."""
    history = ScalingPolicy.parse(policy).history
    column = values[:, None]
    if policy == "series":
        moments = series_moments(column)
    elif policy == "trained":
        moments = series_moments(trained[:, None])
    else:
        moments = rolling_moments(column, history)
    scaled = (column[history:] - moments.mean) / moments.scale
    score: Float64 = squared_error(scaled, np.zeros_like(scaled))
    return np.concatenate([np.full(history, np.nan), score])
