"""What a forecaster expected of each row: the network's own recursion, and the controls."""

from pathlib import Path

import numpy as np
import pytest
from battery.forecaster_cases import FORECASTERS, build

from stillwatch.benchmarks.reproductions.forecast.errors import (
    clock_regression,
    expected,
    last_value,
)
from stillwatch.export.forecasting.reference import recursive_forecast


@pytest.mark.parametrize("ahead", [1, 3])
def test_a_row_is_expected_from_those_before_it_alone(ahead: int, tmp_path: Path) -> None:
    built = build(tmp_path, FORECASTERS["recursive"])
    rows = np.random.default_rng(0).normal(size=(25, 3)).astype(np.float32).astype(np.float64)
    found = expected(built.checkpoint, built.weights, rows, ahead)
    network = built.network
    for row in (ahead, 12, 24):
        seen = rows[: row - ahead + 1]
        none = np.empty((len(seen) + network.config.horizon, 0))
        true = recursive_forecast(network.config, network.weights, network.layout, seen, none)
        np.testing.assert_allclose(found[row], true[ahead - 1], atol=1e-5)
    assert not found[:ahead].any()


def test_other_networks_are_refused(tmp_path: Path) -> None:
    built = build(tmp_path, FORECASTERS["direct"])
    with pytest.raises(ValueError, match="expected a recursive network of one layer"):
        expected(built.checkpoint, built.weights, np.zeros((9, 3)), 1)


def test_the_controls_know_what_they_may() -> None:
    rows = np.arange(6.0)[:, None]
    np.testing.assert_array_equal(last_value(rows, 2)[:, 0], [0, 0, 0, 1, 2, 3])
    minutes = np.arange(3 * 1440)
    wave = 5 + np.sin(2 * np.pi * minutes / 1440)[:, None]
    ahead = clock_regression(wave[:2880], 2880, 1440)
    np.testing.assert_allclose(ahead, wave[2880:], atol=1e-9)
