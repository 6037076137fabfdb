"""ETTh1 as the field evaluates it: months 12/4/4, every test window, standardised units.

The scaler is of the training months. Published rows: NLinear and DLinear from
LTSF-Linear's `pics/Mul-results.png` (Zeng et al., AAAI 2023), SegRNN from its
repository's table at lookback 720 (Lin et al., IEEE IoT-J 2025), LSTMa and
LSTnet from Informer2020's `img/result_multivariate.png` (Zhou et al., AAAI 2021).
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.forecast.document import Figures
from stillwatch.export.forecasting.capsule import build_forecaster
from stillwatch.export.forecasting.rolling import coverage, measure_intervals, roll
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.series import Series
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.forecaster.split import Split

__all__ = ["HORIZONS", "PUBLISHED", "SPLIT", "config_of", "evaluate", "floors"]

HORIZONS = (96, 192, 336, 720)
_MONTH = 30 * 24
SPLIT = (12 * _MONTH, 16 * _MONTH, 20 * _MONTH)  # where validation, test and the rest begin
_DAY = 24

PUBLISHED: dict[str, dict[int, tuple[float, float]]] = {
    "DLinear": {96: (0.375, 0.399), 192: (0.405, 0.416), 336: (0.439, 0.443), 720: (0.472, 0.490)},
    "NLinear": {96: (0.374, 0.394), 192: (0.408, 0.415), 336: (0.429, 0.427), 720: (0.440, 0.453)},
    "SegRNN": {96: (0.351, 0.392), 192: (0.392, 0.414), 336: (0.423, 0.433), 720: (0.466, 0.472)},
    "LSTMa (Informer's table)": {336: (1.424, 0.994), 720: (1.960, 1.322)},
    "LSTnet (Informer's table)": {336: (2.655, 1.369), 720: (2.143, 1.380)},
}

# Batches an epoch, as the trial had them: longer horizons overfit sooner.
_STEPS = {96: 120, 192: 80, 336: 50, 720: 50}


def config_of(horizon: int, seed: int, **changed: Any) -> ForecasterConfig:
    """Returns the recipe for a horizon; changed: fields that are other than the recipe's."""
    recipe = ForecasterConfig(
        horizon=horizon, lookback=720, segment=72, linear=336, steps=_STEPS.get(horizon, 120),
        seed=seed,
    )  # fmt: skip
    return dataclasses.replace(recipe, **changed)


def evaluate(
    series: Series, config: ForecasterConfig, folder: Path, *, teacher: Path | None = None
) -> dict[str, Any]:
    """Returns the figures of one network on every test window; trains what is not trained yet.

    The interval is measured on the validation months, which also chose the
    share, and checked on the test.
    """
    return kept(folder / "figures.json", lambda: _evaluate(series, config, folder, teacher))


def _evaluate(
    series: Series, config: ForecasterConfig, folder: Path, teacher: Path | None
) -> dict[str, Any]:
    from stillwatch.train.families.forecaster.recipe import (
        train_forecaster,  # MXNet takes seconds to import
    )

    validation, test, end = SPLIT
    split = Split(validation=validation, intervals=test, test=test, rows=end)
    checkpoint = train_forecaster(
        series, config, folder / "checkpoint", split=split, teacher=teacher
    )
    _, weights = load_checkpoint(folder / "checkpoint")
    scale = np.array(checkpoint.scale)[: len(series.columns) - len(config.covariates)]
    result: dict[str, Any] = {
        "horizon": config.horizon,
        "seed": config.seed,
        "parameters": checkpoint.parameters,
        "share": checkpoint.data.get("share", 1.0),
        "penalty": checkpoint.data.get("penalty"),
        "epochs": len(checkpoint.curve["train"]),
        "validation": checkpoint.curve["validation"],
    }
    variants = {"forecaster": weights}
    if "share" in weights:
        for name, share in (("LSTM alone", 1.0), ("linear alone", 0.0)):
            variants[name] = {**weights, "share": np.array([share], np.float32)}
    for name, variant in variants.items():
        capsule = build_forecaster(checkpoint, variant)
        forecaster = Forecaster.from_bytes(capsule)
        rolled = roll(forecaster, series.values, series.times, (test, end))
        result[name] = _figures((rolled.forecast - rolled.actual) / scale)
        if name == "forecaster":
            before = roll(forecaster, series.values, series.times, (validation, test))
            intervals = measure_intervals(before, config.coverage)
            result["coverage"] = coverage(rolled, intervals)
            result["windows"] = len(rolled.origins)
            result["bytes"] = len(capsule)
    return result


def floors(series: Series, horizon: int) -> dict[str, Figures]:
    """Returns the figures of the last value and of the last day repeated, on every test window."""
    _, test, end = SPLIT
    mean = series.values[: SPLIT[0]].mean(axis=0)
    scaled = (series.values - mean) / series.values[: SPLIT[0]].std(axis=0)
    origins = np.arange(test, end - horizon + 1)
    actual = np.stack([scaled[o : o + horizon] for o in origins])
    days = np.stack([scaled[o - _DAY : o] for o in origins])
    repeats = -(-horizon // _DAY)
    return {
        "last value": _figures(scaled[origins - 1][:, None] - actual),
        "seasonal naive (24)": _figures(np.tile(days, (1, repeats, 1))[:, :horizon] - actual),
    }


def _figures(error: AnyArray) -> Figures:
    """Returns mean squared and absolute error over all, and the former by rows ahead."""
    by_row = np.square(error).mean(axis=(0, 2))
    shown = sorted({0, 1, 5, 11, 23, 47, 95, len(by_row) - 1} & set(range(len(by_row))))
    return {
        "mse": float(np.square(error).mean()),
        "mae": float(np.abs(error).mean()),
        "mse_by_row": {str(row + 1): float(by_row[row]) for row in shown},
    }
