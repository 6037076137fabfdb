"""The forecaster's recipe: what is fitted on which rows, and what validation chooses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from stillwatch.runtime import ConfigError, InputError
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.forecasting.series import Series
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.forecaster.recipe import load_network, train_forecaster
from stillwatch.train.families.forecaster.ridge import fit_linear
from stillwatch.train.families.forecaster.samples import ForecastSamples, ScaledPart
from stillwatch.train.families.forecaster.split import split_of
from stillwatch.train.loop.epochs import Epoch

SMALL = ForecasterConfig(
    horizon=6, lookback=24, segment=6, linear=24, units=8, epochs=2, steps=4, batch=8, dropout=0.0
)
RECURSIVE = replace(SMALL, strategy="recursive", linear=0, dense=3, layers=2)


class KilledError(Exception):
    pass


def waves(rows: int = 400, columns: int = 2) -> Float64:
    row = np.arange(rows)[:, None]
    noise = np.random.default_rng(0).normal(0, 0.2, (rows, columns))
    return 10 + np.arange(1, columns + 1) * (np.sin(row / 4 + np.arange(columns)) + noise)


def series(values: Float64, names: tuple[str, ...] = ("a", "b")) -> Series:
    return Series(name="made", columns=names, values=values, times=None, step=None, filled=0)


@pytest.mark.parametrize("config", [SMALL, RECURSIVE], ids=["direct", "recursive"])
def test_scaling_knows_training_rows_alone(config: ForecasterConfig, tmp_path: Path) -> None:
    values = waves()
    split = split_of(len(values), config)
    values[split.validation :] += 1000  # what comes later changes nothing
    trained = train_forecaster(series(values), config, tmp_path, progress=False)
    np.testing.assert_allclose(trained.mean, values[: split.validation].mean(axis=0))
    min_max = replace(config, scaling="min-max")
    trained = train_forecaster(series(values), min_max, tmp_path / "min-max", progress=False)
    np.testing.assert_allclose(trained.scale, np.ptp(values[: split.validation], axis=0))


@pytest.mark.parametrize("config", [SMALL, RECURSIVE], ids=["direct", "recursive"])
def test_a_killed_run_goes_on_to_the_same_weights(config: ForecasterConfig, tmp_path: Path) -> None:
    def kill(_: Epoch) -> None:
        raise KilledError

    train_forecaster(series(waves()), config, tmp_path / "whole", progress=False)
    with pytest.raises(KilledError):
        train_forecaster(
            series(waves()), config, tmp_path / "cut", progress=False, after_epoch=kill
        )
    train_forecaster(series(waves()), config, tmp_path / "cut", progress=False)
    _, whole = load_checkpoint(tmp_path / "whole")
    _, cut = load_checkpoint(tmp_path / "cut")
    for name, weight in whole.items():
        np.testing.assert_array_equal(weight, cut[name], err_msg=name)


def test_the_linear_half_is_ridge_regression() -> None:
    values = waves().astype(np.float32)
    found = fit_linear([values[:300]], [values[280:]], lookback=20, horizon=5)
    windows = np.lib.stride_tricks.sliding_window_view(values[:300], 25, axis=0).reshape(-1, 25)
    x, y = windows[:, :20].astype(float), windows[:, 20:].astype(float)
    last = x[:, -1:]
    wanted = Ridge(alpha=found.penalty * len(x)).fit(x - last, y - last)
    np.testing.assert_allclose(found.factors[0], wanted.coef_, atol=1e-6)
    np.testing.assert_allclose(found.bias, wanted.intercept_, atol=1e-6)
    low = fit_linear([values[:300]], [values[280:]], lookback=20, horizon=5, rank=2)
    assert [factor.shape for factor in low.factors] == [(5, 2), (2, 20)]
    whole = fit_linear([values[:300]], [values[280:]], lookback=20, horizon=5, rank=5)
    np.testing.assert_allclose(whole.forecast(x - last), found.forecast(x - last), atol=1e-6)


def test_validation_chooses_the_linear_half_where_the_series_is_linear(tmp_path: Path) -> None:
    row = np.arange(400)[:, None]
    line = np.sin(row / 4) + np.cos(row / 7)  # which a linear map continues without error
    trained = train_forecaster(series(line, ("a",)), SMALL, tmp_path, progress=False)
    assert trained.data["share"] < 0.05
    assert load_network(tmp_path).share.data().asscalar() == pytest.approx(trained.data["share"])


def test_samples_are_windows_and_what_follows_them_with_their_calendar() -> None:
    rows = np.arange(12, dtype=np.float32)[:, None]
    part = ScaledPart(rows, rows + 100, rows + 200)
    samples = ForecastSamples([part, part.rows(0, 6)], lookback=3, horizon=2)
    assert len(samples) == 8 + 2
    windows, ahead = samples.inputs(np.array([1, 9]))
    np.testing.assert_array_equal(windows[0, :, 0], [1, 2, 3])
    np.testing.assert_array_equal(windows[1, 0], [1, 101, 201])
    np.testing.assert_array_equal(ahead[0, :, 0], [204, 205])
    np.testing.assert_array_equal(samples.targets(np.array([1]))[0, :, 0], [4, 5])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"horizon": 0}, "expected a horizon of 1 to 100000 rows, got 0"),
        ({"lookback": 25}, "expected a lookback in whole segments of 6 rows, got 25"),
        ({"linear": 25}, "expected a linear map of 0 rows, for none, to the lookback's 24"),
        ({"units": 7}, "expected an even number of units, got 7"),
        ({"strategy": "both"}, "expected a strategy of"),
        ({"scaling": "robust"}, "expected a scaling of"),
        ({"calendar": ("month",)}, "expected calendar terms of hour, weekday, year"),
    ],
)
def test_what_contradicts_itself_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(SMALL, **changed)  # type: ignore[arg-type]


def test_too_few_rows_and_no_times_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected rows for a lookback of 24 and a horizon of 6"):
        train_forecaster(series(waves(60)), SMALL, tmp_path, progress=False)
    config = replace(SMALL, calendar=("hour",))
    with pytest.raises(InputError, match="name their column with --time-column"):
        train_forecaster(series(waves()), config, tmp_path, progress=False)
