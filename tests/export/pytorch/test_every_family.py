"""Every family and every forecaster to PyTorch and back; the lists are the batteries'."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from battery.family_cases import Family, cases
from battery.forecaster_cases import FORECASTERS, Built, build
from support.networks import checkpoint_of, same_weights

from stillwatch.export.families.table import reconstruction
from stillwatch.export.forecasting.reference import direct_forecast, recursive_forecast
from stillwatch.export.forecasting.weights import DirectWeights
from stillwatch.export.pytorch.conversion import from_torch, to_torch
from stillwatch.runtime import CheckpointError, InputError
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.calendar import calendar_terms
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.sensor.config import SensorConfig

torch = pytest.importorskip("torch", reason="PyTorch is an extra of its own: stillwatch[torch]")

CLOSE = 1e-5  # single precision through a window or a horizon of layers
ROWS = 40


def ran(module: Any, *given: AnyArray) -> Float64:
    with torch.no_grad():
        answer = module(*(torch.from_numpy(part.astype(np.float32)) for part in given))
    found: Float64 = answer.numpy().astype(np.float64)
    return found


@pytest.mark.parametrize("family", cases().values(), ids=cases())
def test_a_family_answers_as_in_numpy_and_comes_back_whole(tmp_path: Path, family: Family) -> None:
    folder = checkpoint_of(tmp_path / "ours", family)
    checkpoint, weights = load_checkpoint(folder)
    module = to_torch(folder)
    drawn = np.random.default_rng(1).normal(0, 1, (3, family.config.window, family.channels))
    apart = family.config.channels == "independent"
    for window in drawn:
        given = window.T[..., None] if apart else window[None]
        answer = ran(module, given)
        answer = answer[..., 0].T if apart else answer[0]
        expected = reconstruction(checkpoint, weights, window.astype(np.float32).astype(float))
        np.testing.assert_allclose(answer, expected, atol=CLOSE)
    normal = np.random.default_rng(2).normal(size=600) if family.name == "nab-rds" else None
    from_torch(
        module.state_dict(), family.config, tmp_path / "back",
        channels=family.channels, normal=normal,
    )  # fmt: skip
    same_weights(weights, tmp_path / "back")


@pytest.mark.parametrize("config", FORECASTERS.values(), ids=FORECASTERS)
def test_a_forecaster_forecasts_as_in_numpy_and_comes_back_whole(
    tmp_path: Path, config: Any
) -> None:
    built = build(tmp_path / "ours", config)
    module = to_torch(built.folder)
    rows, calendar = scaled_rows(built)
    ahead = calendar[config.lookback :]
    given = [np.concatenate([rows, calendar[: config.lookback]], axis=1)[None]]
    answer = ran(module, *given, *([ahead[None]] if ahead.shape[1] else []))
    network = built.network
    reference = (
        direct_forecast if isinstance(network.weights, DirectWeights) else recursive_forecast
    )
    expected = reference(config, network.weights, network.layout, rows, calendar)
    np.testing.assert_allclose(answer[0], expected, atol=CLOSE)
    series = built.values(300)
    made = from_torch(
        module.state_dict(), config, tmp_path / "back", channels=series.shape[1], normal=series
    )
    assert made.parameters == built.checkpoint.parameters
    np.testing.assert_allclose(made.mean, series.mean(axis=0))
    same_weights(built.weights, tmp_path / "back")


def scaled_rows(built: Built) -> tuple[Float64, Float64]:
    config = built.config
    drawn = np.random.default_rng(3).normal(size=(config.lookback, len(built.checkpoint.channels)))
    when = np.datetime64("2024-02-27T22:00", "us") + np.arange(
        config.lookback + config.horizon
    ) * np.timedelta64(1, "h")
    return drawn.astype(np.float32).astype(np.float64), calendar_terms(when, config.calendar)


def test_the_articles_class_comes_in_by_its_own_names(tmp_path: Path) -> None:
    """`encoder`, `decoder` and `fc`, as DataParallel saves them."""
    family = Family("sensor", SensorConfig(units=5, window=20), 3)
    folder = checkpoint_of(tmp_path / "ours", family)
    state = {
        f"module.{name.replace('dense.', 'fc.')}": tensor
        for name, tensor in to_torch(folder).state_dict().items()
    }
    assert "module.fc.weight" in state
    from_torch(state, family.config, tmp_path / "back", channels=3)
    same_weights(load_checkpoint(folder)[1], tmp_path / "back")
    with pytest.raises(CheckpointError, match=r"these differ: .*'fc2\.bias'"):
        from_torch(state | {"fc2.bias": np.zeros(3)}, family.config, tmp_path / "no", channels=3)


def test_a_forecasters_series_has_a_column_for_each_of_its_own(tmp_path: Path) -> None:
    built = build(tmp_path / "ours", FORECASTERS["recursive"])
    state = to_torch(built.folder).state_dict()
    with pytest.raises(InputError, match=r"finite values \(T, 3\).*got \(300, 2\)"):
        from_torch(state, built.config, tmp_path / "no", channels=3, normal=np.zeros((300, 2)))
