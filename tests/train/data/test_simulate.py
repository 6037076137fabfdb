"""The simulated series: seeded, labelled, and shaped like NAB's."""

import numpy as np
import pytest

from stillwatch.train.data.sets import simulate_cpu

SEEDS = range(200)


def test_same_seed_same_series() -> None:
    one, again = simulate_cpu(7), simulate_cpu(7)
    np.testing.assert_array_equal(one.values, again.values)
    np.testing.assert_array_equal(one.labels, again.labels)
    assert one.windows == again.windows


def test_other_seed_other_series() -> None:
    one, other = simulate_cpu(7), simulate_cpu(8)
    assert (one.values != other.values).mean() > 0.9
    assert (one.labels != other.labels).any()
    assert one.name != other.name


def test_says_that_it_is_simulated() -> None:
    assert "simulated" in simulate_cpu(0).name


def test_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    simulate_cpu(0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("days", [4, 14])
def test_shape_of_nabs_cloudwatch_series(days: int) -> None:
    series = simulate_cpu(0, days=days)
    assert len(series.values) == len(series.labels) == len(series.timestamps) == days * 288
    assert set(np.diff(series.timestamps)) == {np.timedelta64(300, "s")}
    assert np.isfinite(series.values).all()
    assert series.values.min() >= 0
    assert series.values.max() <= 100


def test_level_and_swing() -> None:
    low, high = simulate_cpu(0, level=18.0), simulate_cpu(0, level=40.0)
    assert np.median(low.values) == pytest.approx(18.0, abs=1.0)
    assert np.median(high.values) == pytest.approx(40.0, abs=1.0)
    quarter = [day * 288 + 72 for day in range(14)]  # the sine's crest
    assert simulate_cpu(0, swing=9.0).values[quarter].mean() == pytest.approx(27.0, abs=3.0)


def test_two_labels_each_in_its_window() -> None:
    for seed in SEEDS:
        series = simulate_cpu(seed)
        at = np.flatnonzero(series.labels)
        assert len(at) == len(series.windows) == 2
        for row, (first, last) in zip(at, series.windows, strict=True):
            assert 0 <= first < row < last < len(series.values)


def test_windows_are_apart() -> None:
    touching = [s for s in SEEDS if (w := simulate_cpu(s).windows)[0][1] >= w[1][0]]
    assert touching == []


def test_labelled_values_stand_out() -> None:
    for seed in range(20):
        series = simulate_cpu(seed)
        spikes = series.values[series.labels]
        assert spikes.min() > np.quantile(series.values, 0.995)
        assert spikes.min() > 18.0 + 5 * 3.0
