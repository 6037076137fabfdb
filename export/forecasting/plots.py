"""The pictures of a forecaster's report. Each function returns one matplotlib figure."""

import numpy as np
from matplotlib.figure import Figure

from stillwatch.export.forecasting.chain import Chain
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.report.palette import BLACK, BLUE, ORANGE, RED

__all__ = ["error_by_row", "last_forecast", "residuals"]

_WIDTH = 9.0
_SHOWN = 3  # channels
_BEFORE = 3  # horizons of rows before the forecast


def last_forecast(chain: Chain, series: Series) -> Figure:
    """Returns the forecast of the last rows, its interval, and what came."""
    names = chain.forecaster.info.channel_names[:_SHOWN]
    horizon = chain.forecaster.info.horizon
    figure = Figure(figsize=(_WIDTH, 1.0 + 2.4 * len(names)), layout="constrained")
    origin = int(chain.rolled.origins[-1])
    begin = max(0, origin - _BEFORE * horizon)
    ahead = np.arange(origin, origin + horizon)
    for channel, axes in enumerate(figure.subplots(len(names), squeeze=False)[:, 0]):
        end = origin + horizon
        axes.plot(
            np.arange(begin, end),
            series.values[begin:end, channel],
            color=BLACK,
            lw=1,
            label="came",
        )
        axes.plot(ahead, chain.rolled.forecast[-1, :, channel], color=BLUE, label="forecast")
        if chain.rolled.low is not None and chain.rolled.high is not None:
            low, high = chain.rolled.low[-1, :, channel], chain.rolled.high[-1, :, channel]
            axes.fill_between(ahead, low, high, color=BLUE, alpha=0.2, lw=0, label="interval")
        axes.set(ylabel=names[channel])
    axes.set(xlabel="row")
    figure.axes[0].legend(loc="upper left", ncols=3)
    return figure


def error_by_row(chain: Chain, last: Float64) -> Figure:
    """Returns the mean absolute error by rows ahead; last: that of the last value."""
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    scale = np.array(chain.forecaster.info.scale)[: chain.rolled.actual.shape[2]]
    error = np.abs(chain.rolled.forecast - chain.rolled.actual) / scale
    rows = np.arange(1, error.shape[1] + 1)
    axes.plot(rows, error.mean(axis=(0, 2)), color=BLUE, label="forecaster")
    axes.plot(rows, last, color=ORANGE, ls="--", label="last value")
    axes.set(xlabel="rows ahead", ylabel="mean absolute error, scaled units", ylim=(0, None))
    axes.legend()
    return figure


def residuals(chain: Chain) -> Figure:
    """Returns how errors one row ahead and in the last row ahead are spread, scaled units."""
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    scale = np.array(chain.forecaster.info.scale)[: chain.rolled.actual.shape[2]]
    error = (chain.rolled.actual - chain.rolled.forecast) / scale
    low, high = map(float, np.quantile(error, (0.001, 0.999)))
    edges = np.linspace(low, high, 60).tolist()
    for row, colour, name in ((0, BLUE, "1 row ahead"), (-1, RED, f"{error.shape[1]} rows ahead")):
        axes.hist(error[:, row].ravel(), bins=edges, color=colour, histtype="step", label=name)
    axes.axvline(0.0, color=BLACK, lw=0.8)
    axes.set(xlabel="came less forecast, scaled units", ylabel="forecasts")
    axes.legend()
    return figure
