"""From a forecaster's checkpoint to its capsule with intervals, verified, and its backtests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stillwatch.export.forecasting import baselines
from stillwatch.export.forecasting.capsule import Intervals, build_forecaster
from stillwatch.export.forecasting.rolling import Rolled, coverage, measure_intervals, roll
from stillwatch.export.forecasting.verification import ForecastAgreement, compare
from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.series import Series
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.families.forecaster.split import Split

__all__ = ["CAPSULE_NAME", "OURS", "Backtest", "Chain", "backtest", "build"]

CAPSULE_NAME = "model.onnx"
OURS = "forecaster"


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Figures by method, of the same origins for all; remark: why there are none."""

    plan: baselines.Plan
    figures: dict[str, dict[str, float]]
    forecasts: pd.DataFrame | None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A checkpoint's capsule, and what it says of the rows that were held out.

    rolled: forecasts from every origin among the last of them, which neither
    network nor intervals have seen; covered: the share of those rows within
    the intervals. agreements: of the frameworks at hand; absent: the others.
    """

    checkpoint: Checkpoint
    path: Path
    forecaster: Forecaster
    intervals: Intervals
    rolled: Rolled
    covered: float
    agreements: Sequence[ForecastAgreement]
    absent: dict[str, str]
    size: int


def build(folder: Path, series: Series, split: Split) -> Chain:
    """Returns the chain of the checkpoint in `folder`, and leaves its capsule there."""
    checkpoint, weights = load_checkpoint(folder)
    bare = Forecaster.from_bytes(build_forecaster(checkpoint, weights), CAPSULE_NAME)
    at_rest = roll(bare, series.values, series.times, (split.intervals, split.test))
    intervals = measure_intervals(at_rest, float(checkpoint.config.coverage))  # type: ignore[attr-defined]
    content = build_forecaster(checkpoint, weights, intervals=intervals)
    path = folder / CAPSULE_NAME
    write_bytes(path, content)
    forecaster = Forecaster.from_bytes(content, str(path))
    rolled = roll(forecaster, series.values, series.times, (split.test, split.rows))
    agreements, absent = compare(
        content, str(path), folder, series.values[: split.test], _until(series, split.test)
    )
    return Chain(
        checkpoint=checkpoint,
        path=path,
        forecaster=forecaster,
        intervals=intervals,
        rolled=rolled,
        covered=coverage(rolled, intervals),
        agreements=agreements,
        absent=absent,
        size=len(content),
    )


def backtest(chain: Chain, series: Series, *, count: int, slow: bool = True) -> Backtest:
    """Returns the forecaster beside other methods, from `count` origins among the last rows."""
    info = chain.forecaster.info
    horizon = info.horizon
    possible = (len(series) - int(chain.rolled.origins[0])) // horizon
    plan = baselines.Plan(horizon, max(1, min(count, possible)), baselines.seasons_of(info.step))
    try:
        frame = _frame(series, info.channel_names)
        result = baselines.cross_validate(frame, plan, slow=slow)
    except ExtraError as error:
        return Backtest(plan=plan, figures={}, forecasts=None, remark=str(error))
    ours: list[pd.Series[Any]] = []
    for place, name in enumerate(info.channel_names):
        for _, rows in result[result["unique_id"] == name].groupby("cutoff", sort=True):
            number = len(ours) % plan.count
            origin = len(series) - (plan.count - number) * horizon
            (at,) = np.flatnonzero(chain.rolled.origins == origin)
            answer = chain.rolled.forecast[at, :, place]
            ours.append(pd.Series(answer[: len(rows)], index=rows.index))
    result[OURS] = pd.concat(ours).reindex(result.index)
    return Backtest(plan=plan, figures=baselines.figures(result, frame, plan), forecasts=result)


def _frame(series: Series, names: Sequence[str]) -> pd.DataFrame:
    """Returns the channels as statsforecast has them: unique_id, ds, y."""
    when = np.arange(len(series)) if series.times is None else series.times
    parts = [
        pd.DataFrame({"unique_id": name, "ds": when, "y": series.values[:, place]})
        for place, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


def _until(
    series: Series, row: int
) -> "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]] | None":
    return None if series.times is None else series.times[:row]
