"""What a forecaster is compared with: statsforecast's models, and Prophet where it is installed.

Backtests are statsforecast's own cross-validation, figures utilsforecast's.
"""

import contextlib
import importlib.util
import logging
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.forecasting.times import Step

__all__ = ["HISTORY", "METRICS", "Plan", "cross_validate", "figures", "seasons_of"]

METRICS = ("mae", "rmse", "mape", "smape", "mase")
HISTORY = 2_000  # rows that a baseline is fitted on, before each origin: the last of them
_LONGEST_SEASON = 400  # rows
_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Plan:
    """Rolling origins: `count` of them, `horizon` rows apart, which end with the last row.

    seasons: rows of each, the shortest first; none where the step tells none.
    """

    horizon: int
    count: int
    seasons: tuple[int, ...]

    @property
    def season(self) -> int:
        """The shortest season, 1 without any."""
        return self.seasons[0] if self.seasons else 1


def seasons_of(step: Step | None) -> tuple[int, ...]:
    """Returns how many rows a day and a week, a week, or a year has, as far as the step tells."""
    if step is None:
        return ()
    if step.months:
        return (12 // step.months,) if 12 % step.months == 0 and step.months < 12 else ()
    rows = [span * _HOUR / step.microseconds for span in (24, 24 * 7)]
    return tuple(int(r) for r in rows if r == int(r) and 2 <= r <= _LONGEST_SEASON)


def cross_validate(frame: pd.DataFrame, plan: Plan, *, slow: bool = True) -> pd.DataFrame:
    """Returns each model's forecasts from rolling origins, a column each, beside `y`.

    frame: unique_id, ds, y, as statsforecast has them. slow: AutoARIMA,
    AutoETS, MSTL and Prophet, too. Raises ExtraError without the packages.
    """
    if importlib.util.find_spec("statsforecast") is None:
        raise ExtraError(
            "comparison with other methods needs statsforecast, which is not installed: "
            "pip install 'stillwatch[forecast]'"
        )
    from statsforecast import StatsForecast

    longest = (plan.count + 1) * plan.horizon
    least = frame.groupby("unique_id").size().min()
    history = min(HISTORY, int(least) - longest)
    freq: Any = 1 if frame["ds"].dtype.kind in "iu" else pd.infer_freq(frame["ds"].iloc[:9]) or "D"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optimisers that end early, a line for each origin
        result: Any = StatsForecast(models=_models(plan, slow=slow), freq=freq).cross_validation(
            h=plan.horizon,
            df=frame,
            n_windows=plan.count,
            step_size=plan.horizon,
            input_size=max(history, 2 * plan.season + 1),
        )
        if slow and importlib.util.find_spec("prophet") is not None and freq != 1:
            result["Prophet"] = _prophet(frame, result, history)
    return pd.DataFrame(result)


def figures(result: pd.DataFrame, frame: pd.DataFrame, plan: Plan) -> dict[str, dict[str, float]]:
    """Returns each model's METRICS over all origins, rows and series, by the model's name.

    MASE is against the seasonal naive one step ahead, of the rows before the
    first origin.
    """
    from utilsforecast import losses
    from utilsforecast.evaluation import evaluate

    names = [c for c in result.columns if c not in ("unique_id", "ds", "cutoff", "y")]
    before = frame[frame["ds"] <= result["cutoff"].min()]
    measured = [losses.mae, losses.rmse, losses.mape, losses.smape]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        table = evaluate(result.drop(columns="cutoff"), metrics=measured, models=names)
        scaled = evaluate(
            result.drop(columns="cutoff"),
            metrics=[_mase(plan.season)],
            models=names,
            train_df=before,
        )
    table = pd.concat([table, scaled]).groupby("metric")[names].mean()
    return {name: {m: float(table.loc[m, name]) for m in METRICS} for name in names}


def _mase(season: int) -> Any:
    from functools import partial

    from utilsforecast import losses

    measured = partial(losses.mase, seasonality=season)
    measured.__name__ = "mase"  # type: ignore[attr-defined]
    return measured


def _models(plan: Plan, *, slow: bool) -> list[Any]:
    from statsforecast.models import MSTL, AutoARIMA, AutoETS, Naive, SeasonalNaive

    models: list[Any] = [Naive(alias="last value")]
    models += [SeasonalNaive(season, alias=f"seasonal naive ({season})") for season in plan.seasons]
    if not slow:
        return models
    models += [AutoETS(season_length=plan.season if plan.season <= 24 else 1)]
    models += [AutoARIMA(season_length=plan.season if plan.season <= 24 else 1)]
    if plan.seasons:
        models += [MSTL(season_length=list(plan.seasons), trend_forecaster=AutoETS(model="ZZN"))]
    return models


def _prophet(frame: pd.DataFrame, result: pd.DataFrame, history: int) -> "pd.Series[Any]":
    """Returns Prophet's forecasts for the rows of a cross-validation, in their order."""
    for logger in ("prophet", "prophet.plot", "cmdstanpy"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # what they lack for plots, each fit
    from prophet import Prophet

    logging.getLogger("cmdstanpy").disabled = True  # which sets its level anew at import

    parts = []
    for (name, cutoff), rows in result.groupby(["unique_id", "cutoff"], sort=False):
        seen = frame[(frame["unique_id"] == name) & (frame["ds"] <= cutoff)].tail(history)
        model = Prophet()
        with contextlib.redirect_stdout(None):
            model.fit(seen[["ds", "y"]])
        answer = model.predict(rows[["ds"]].reset_index(drop=True))["yhat"]
        parts.append(pd.Series(answer.to_numpy(), index=rows.index))
    return pd.concat(parts).reindex(result.index)
