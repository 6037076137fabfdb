"""A sensor's forecasts at rest and in batches are Forecaster's and its stream's."""

from functools import cache

import numpy as np
import pytest
from battery.forecaster_cases import FORECASTERS, build, times
from support.answers import spans

from stillwatch.runtime import Forecaster
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.workers.carried import Job, carried
from stillwatch.runtime.spark.workers.columns import TIME
from stillwatch.runtime.spark.workers.sensor_forecasts import SensorForecasts, forecasts_at_rest

ROWS = 50
SIDES = ("forecast", "low", "high")


@pytest.fixture(scope="module", params=["direct", "recursive, calendar"])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Job, Forecaster, Float64]:
    made = build(tmp_path_factory.mktemp("forecaster"), FORECASTERS[request.param])
    job = Job(capsule=carried(made.capsule()), by=("sensor",), options=SparkOptions())
    return job, made.forecaster, made.values(ROWS)


@cache
def micros() -> AnyArray:
    return times(ROWS).astype("datetime64[us]").astype(np.int64)


def test_at_rest(case: tuple[Job, Forecaster, Float64]) -> None:
    job, forecaster, values = case
    order = np.random.default_rng(0).permutation(ROWS)
    found = forecasts_at_rest(job, micros()[order], values[order], dated=True, horizon=7)
    expected = forecaster.forecast(values, horizon=7, times=times(ROWS))
    assert found[TIME].tolist() == [micros()[-1]]
    for channel, name in enumerate("abc"):
        for side in SIDES:
            figures = getattr(expected, side)[:, channel]
            np.testing.assert_array_equal(found[f"{side}_{name}"][0], figures)


@pytest.mark.parametrize("cuts", [[1], [7, 20], [ROWS]])
def test_after_each_row_of_a_stream(case: tuple[Job, Forecaster, Float64], cuts: list[int]) -> None:
    job, forecaster, values = case
    sensor = SensorForecasts(job, None, dated=True, horizon=None)
    found = []
    for span in spans(ROWS, cuts):
        found += list(sensor.take(micros()[span][::-1], values[span][::-1]))
        sensor = SensorForecasts(job, sensor.saved(), dated=True, horizon=None)
    stream = forecaster.stream()
    row = 0
    for columns in found:
        for place, time in enumerate(columns[TIME]):
            expected = stream.update(values[row], times(ROWS)[row])
            assert time == micros()[row]
            for channel, name in enumerate("abc"):
                one = columns[f"forecast_{name}"][place]
                if expected is None:
                    assert one is None
                else:
                    np.testing.assert_array_equal(one, expected.forecast[:, channel])
            row += 1
    assert row == ROWS


def test_after_a_gap_a_stream_begins_afresh(case: tuple[Job, Forecaster, Float64]) -> None:
    job, _, values = case
    broken, afresh = (SensorForecasts(job, None, dated=True, horizon=None) for _ in range(2))
    list(broken.take(micros()[:10], values[:10]))
    (found,) = broken.take(micros()[12:], values[12:])
    (expected,) = afresh.take(micros()[12:], values[12:])
    for name, column in expected.items():
        for one, other in zip(found[name], column, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_late_row_is_said(case: tuple[Job, Forecaster, Float64]) -> None:
    job, _, values = case
    sensor = SensorForecasts(job, None, dated=True, horizon=None)
    list(sensor.take(micros()[:10], values[:10]))
    before = sensor.saved()
    (found,) = sensor.take(micros()[9:10], values[9:10])
    assert found["late"].tolist() == [True]
    assert found["forecast_a"] == [None]
    assert sensor.saved() == before


def test_too_few_rows_have_no_forecast(case: tuple[Job, Forecaster, Float64]) -> None:
    job, forecaster, values = case
    found = forecasts_at_rest(job, micros()[:3], values[:3], dated=True, horizon=None)
    assert (found["forecast_a"][0] is None) == (forecaster.info.strategy == "direct")
