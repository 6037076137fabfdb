"""Loads the Electricity Transformer data, seven channels by the hour or the quarter of it."""

import io

import numpy as np

from stillwatch.runtime.errors import DataError
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.forecasting.times import step_of
from stillwatch.train.data.sets.store import Store

__all__ = ["ETT_SERIES", "load_ett"]

ETT_SERIES = ("ETTh1", "ETTh2", "ETTm1", "ETTm2")


def load_ett(name: str, store: Store | None = None) -> Series:
    """Returns the series `name`, one of ETT_SERIES; raises DataError."""
    import pandas as pd  # whoever reads a checkpoint has no use for it

    if name not in ETT_SERIES:
        raise DataError(f"expected a series of {', '.join(ETT_SERIES)}, got {name!r}")
    content = (store or Store("ett")).read(f"ETT-small/{name}.csv")
    frame = pd.read_csv(io.BytesIO(content), parse_dates=["date"])
    times = frame.pop("date").to_numpy("datetime64[us]")
    return Series(
        name=name,
        columns=tuple(map(str, frame.columns)),
        values=frame.to_numpy(np.float64),
        times=times,
        step=step_of(times, name),
        filled=0,
    )
