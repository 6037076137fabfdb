"""The page of a forecast: every channel drawn, its interval, and nothing fetched."""

import numpy as np
import pytest
from battery.forecaster_cases import FORECASTERS, build, times

from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.report.forecast_page import forecast_page


@pytest.mark.parametrize("timed", [True, False])
def test_channels_intervals_and_times_are_on_the_page(
    timed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    built = build(tmp_path_factory.mktemp("made"), FORECASTERS["recursive"])
    values = built.values(200)
    when = times(200) if timed else None
    series = Series(
        name="a & b.csv", columns=("a", "b", "c"), values=values, times=when,
        step=None, filled=0, last_time="2024-03-07 05:00",
    )  # fmt: skip
    forecaster = built.forecaster
    found = forecaster.forecast(values, times=when)
    page = forecast_page(found, series, "m.onnx", forecaster.info, "9 rows after 200")
    assert page.count('<div class="panel" role="img"') == 3
    assert page.count('class="line limit"') == 2 * 3 + 1  # and once in the legend
    assert page.count('class="line model"') == 3 + 1
    assert "interval of 90%" in page
    assert ("2024-03-07 14:00" in page) == timed
    assert ("row 209" in page) == (not timed)
    assert "a &amp; b.csv" in page
    assert "nan" not in page.lower().replace("nano", "")
    assert "<script" not in page
    assert "http" not in page.partition("<body>")[2]


def test_values_before_and_the_forecast_meet(tmp_path_factory: pytest.TempPathFactory) -> None:
    built = build(tmp_path_factory.mktemp("made"), FORECASTERS["recursive"])
    values = built.values(60)
    series = Series(
        name="x", columns=("a", "b", "c"), values=values, times=None, step=None, filled=0
    )
    found = built.forecaster.forecast(values)
    page = forecast_page(found, series, "m", built.forecaster.info, "")
    panel = page[page.index("<h4>a</h4>") :]
    value = panel.split('class="line value" d="')[1].split('"')[0]
    model = panel.split('class="line model" d="')[1].split('"')[0]
    assert value.rsplit("L", 1)[1] == model.partition("L")[0].removeprefix("M")
    assert len(model.split("L")) == len(found.forecast) + 1
    assert np.isfinite(found.forecast).all()
