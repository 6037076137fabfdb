"""The page of a forecast: what came before, what comes, and how sure that is, by channel."""

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.forecasting.info import ForecastInfo
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.forecasting.summary import summary
from stillwatch.runtime.forecasting.times import like
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance, provenance_line
from stillwatch.runtime.report.overview import legend_of
from stillwatch.runtime.report.panel import Line, Panel, row_axis

__all__ = ["forecast_page"]

_PANELS = 12  # channels with a picture
_BEFORE = 3  # horizons of rows before the forecast that are shown
_LEAST = 40  # rows of them, at least


def forecast_page(
    result: Forecast, series: Series, model: str, info: ForecastInfo, said: str
) -> str:
    """Returns the page as HTML; nothing in it is fetched from elsewhere.

    result: of one series, (H, C). said: the forecast in a line.
    """
    names = info.channel_names[:_PANELS]
    left = len(info.channel_names) - len(names)
    kinds = {"value": "value", "model": "forecast"}
    if result.low is not None:
        kinds["limit"] = f"interval of {info.coverage:.0%}"
    rows = len(result.forecast)
    before = min(len(series), max(_LEAST, _BEFORE * rows))
    panels = [_panel(result, series, channel, name, before) for channel, name in enumerate(names)]
    axis = row_axis(before + rows, _labels(result, series, before), len(series) - before)
    parts = [
        page.paragraph(said, "p", "verdict"),
        page.section("forecast", [legend_of(kinds), f"<figure>{''.join(panels)}{axis}</figure>"]),
        *([page.paragraph(f"The first {len(names)} channels; {left} more.")] if left else []),
        page.table(("capsule", ""), [(k, v) for k, v in summary(info, 0).items() if k != "size"]),
        page.paragraph(f"Forecast by {model}.", "p", "muted"),
        page.paragraph(provenance_line(provenance()), "footer"),
    ]
    return page.page(f"{series.name}: what comes after", parts)


def _panel(result: Forecast, series: Series, channel: int, name: str, before: int) -> str:
    rows = len(result.forecast)
    values = series.values[-before:, channel]
    lines = [Line(np.concatenate([values, np.full(rows, np.nan)]), "value")]
    for part, kind in ((result.low, "limit"), (result.high, "limit"), (result.forecast, "model")):
        if part is not None:
            # From the last value on, so that the lines meet.
            ahead = np.concatenate([values[-1:], part[:, channel].astype(np.float64)])
            lines.append(Line(_after(ahead, before - 1), kind))
    return Panel(title=name, lines=lines, rows=before + rows).html()


def _after(values: Float64, empty: int) -> Float64:
    return np.concatenate([np.full(empty, np.nan), values])


def _labels(result: Forecast, series: Series, before: int) -> list[str] | None:
    if result.times is None or series.times is None:
        return None
    return [*like(series.times[-before:], series.last_time), *like(result.times, series.last_time)]
