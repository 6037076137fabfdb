"""Half-hourly electricity demand, a day ahead, beside ARIMA, Prophet and others; daily closes.

The demand is Taylor's, of England and Wales from Monday 5 June 2000 on, as
pmdarima brings it; its last 14 days are forecast, each from the midnight
before it. The closes are Microsoft's, from the same package, one day ahead.
The scaler, the network and the share know nothing of the rows forecast.
"""

import dataclasses
import importlib
import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.forecast.document import Demand
from stillwatch.export.forecasting import baselines
from stillwatch.export.forecasting.capsule import build_forecaster
from stillwatch.export.forecasting.rolling import roll
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.forecasting.times import Step
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.forecaster.split import Split

__all__ = ["ARTICLE", "evaluate_closes", "evaluate_demand", "load_closes", "load_demand"]

_DAYS, _DAY = 14, 48
_BEGIN = np.datetime64("2000-06-05T00:00", "us")
_HALF_HOUR = Step(microseconds=1_800_000_000)
_VALIDATION = 0.15
_DEMAND = ForecasterConfig(horizon=_DAY, lookback=672, segment=48, linear=672, steps=60)
# LSTM(50), dropout, LSTM(50), dropout, Dense(25), Dense(1), on values from 0 to 1.
ARTICLE = ForecasterConfig(
    strategy="recursive", units=50, layers=2, dense=25, activation="linear", dropout=0.2,
    scaling="min-max", lookback=60, horizon=1, linear=0, steps=60, learning_rate=1e-3,
)  # fmt: skip
_ARTICLE_DAY = dataclasses.replace(ARTICLE, horizon=_DAY, lookback=_DAY)
_CLOSES = ForecasterConfig(horizon=1, lookback=60, segment=12, linear=60, steps=60)


def load_demand() -> Series:
    """Returns the demand, megawatts by the half hour; raises ExtraError without pmdarima."""
    values = np.asarray(_datasets().load_taylor(), np.float64)
    times = _BEGIN + np.arange(len(values)) * np.timedelta64(30, "m")
    return Series(
        name="taylor", columns=("demand",), values=values[:, None], times=times, step=_HALF_HOUR,
        filled=0,
    )  # fmt: skip


def load_closes() -> Series:
    """Returns the closes, dollars, one a trading day; raises ExtraError without pmdarima."""
    values = _datasets().load_msft()["Close"].to_numpy(np.float64)
    return Series(
        name="MSFT closes", columns=("close",), values=values[:, None], times=None, step=None,
        filled=0,
    )  # fmt: skip


def evaluate_demand(out: Path, seeds: int, *, slow: bool = True) -> Demand:
    """Returns each method's figures on the last 14 days, the networks' by seed."""
    series = load_demand()
    plan = baselines.Plan(_DAY, _DAYS, baselines.seasons_of(series.step))
    frame = pd.DataFrame({"unique_id": "demand", "ds": series.times, "y": series.values[:, 0]})

    def others() -> dict[str, dict[str, float]]:
        result = baselines.cross_validate(frame, plan, slow=slow)
        return baselines.figures(result, frame, plan)

    figures = kept(out / f"demand-{'all' if slow else 'fast'}.json", others)
    networks = {
        "forecaster": ("demand", _DEMAND),
        "the article's network, a day ahead": ("article", _ARTICLE_DAY),
    }
    by_seed: dict[str, list[dict[str, float]]] = {name: [] for name in networks}
    for name, (folder, config) in networks.items():
        for seed in range(seeds):
            place = out / f"{folder}-{seed}"
            of_seed = dataclasses.replace(config, seed=seed)
            make = partial(_demand_figures, series, frame, plan, of_seed, place)
            by_seed[name].append(kept(place.with_suffix(".json"), make))
    return {"others": figures, "networks": by_seed, "origins": _DAYS, "horizon": _DAY}


def evaluate_closes(out: Path, seeds: int) -> dict[str, Any]:
    """Returns errors one day ahead on the last tenth of the closes, of networks and last value."""
    series = load_closes()
    begin = int(0.9 * len(series))
    actual, before = series.values[begin:, 0], series.values[begin - 1 : -1, 0]
    result: dict[str, Any] = {"last value": [_errors(before - actual)], "rows": len(actual)}
    for name, config in (("forecaster", _CLOSES), ("the article's network", ARTICLE)):
        result[name] = []
        for seed in range(seeds):
            place = out / f"closes-{name.split()[-1]}-{seed}"
            of_seed = dataclasses.replace(config, seed=seed)
            make = partial(_close_figures, series, begin, of_seed, place)
            result[name].append(kept(place.with_suffix(".json"), make))
    return result


def _demand_figures(
    series: Series,
    frame: pd.DataFrame,
    plan: baselines.Plan,
    config: ForecasterConfig,
    folder: Path,
) -> dict[str, float]:
    begin = len(frame) - plan.count * plan.horizon
    result = frame.iloc[begin:].copy()
    cutoffs = frame["ds"].to_numpy()[begin - 1 :: plan.horizon][: plan.count]
    result["cutoff"] = np.repeat(cutoffs, plan.horizon)
    result["ours"] = _days(series, begin, config, folder)
    return baselines.figures(result, frame, plan)["ours"]


def _close_figures(
    series: Series, begin: int, config: ForecasterConfig, folder: Path
) -> dict[str, float]:
    return _errors(_days(series, begin, config, folder) - series.values[begin:, 0])


def _days(series: Series, begin: int, config: ForecasterConfig, folder: Path) -> AnyArray:
    """Returns forecasts of all rows from `begin` on, each horizon from the row before it."""
    from stillwatch.train.families.forecaster.recipe import (
        train_forecaster,  # MXNet takes seconds to import
    )

    split = Split(round(begin * (1 - _VALIDATION)), begin, begin, len(series))
    train_forecaster(series, config, folder, split=split)
    checkpoint, weights = load_checkpoint(folder)
    forecaster = Forecaster.from_bytes(build_forecaster(checkpoint, weights))
    rows = (begin, len(series))
    rolled = roll(forecaster, series.values, series.times, rows, step=config.horizon)
    return rolled.forecast[:, :, 0].ravel()


def _errors(error: AnyArray) -> dict[str, float]:
    return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt(np.square(error).mean()))}


def _datasets() -> Any:
    if importlib.util.find_spec("pmdarima") is None:
        raise ExtraError(
            "demand and closes come with pmdarima, which is not installed: "
            "pip install 'stillwatch[forecast]'"
        )
    return importlib.import_module("pmdarima.datasets")
