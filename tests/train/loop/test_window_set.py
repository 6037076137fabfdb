"""Training windows: views of the series, numbered, cut and laid out as said."""

import tracemalloc

import numpy as np
import pytest

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.scoring.windows import sliding_windows
from stillwatch.train.loop.window_set import WindowSet

WINDOW, STEP = 7, 3


def rows(length: int, channels: int, seed: int = 0) -> Float32:
    generator = np.random.default_rng([seed, length, channels])
    return generator.normal(size=(length, channels)).astype(np.float32)


def naive(series: list[Float32], channels: str) -> AnyArray:
    """Every sample (N, T, C), by slicing."""
    samples = []
    for values in series:
        for start in range(0, len(values) - WINDOW + 1, STEP):
            window = values[start : start + WINDOW]
            if channels == "joint":
                samples.append(window)
                continue
            for channel in range(values.shape[1]):
                if len(set(values[:, channel].tolist())) > 1:
                    samples.append(window[:, [channel]])
    return np.stack(samples)


@pytest.fixture
def series() -> list[Float32]:
    """Three series, one with a constant channel, one that is exactly a window long."""
    found = [rows(30, 4), rows(WINDOW, 4), rows(26, 4, seed=1)]
    found[0][:, 2] = 0.25
    return found


@pytest.mark.parametrize("channels", ["independent", "joint"])
def test_batches_equal_naive_slicing(series: list[Float32], channels: str) -> None:
    windows = WindowSet(series, window=WINDOW, step=STEP, channels=channels)
    expected = naive(series, channels)
    assert len(windows) == len(expected)
    numbers = np.random.default_rng(0).permutation(len(windows))
    batch = windows.batch(numbers)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, expected[numbers].transpose(1, 0, 2))  # NTC -> TNC
    np.testing.assert_array_equal(windows.batch(numbers[:1])[:, 0], expected[numbers[0]])


def test_constant_channels_are_left_out_of_their_own_series_alone(series: list[Float32]) -> None:
    counts = {
        channels: len(WindowSet(series, window=WINDOW, step=STEP, channels=channels))
        for channels in ("independent", "joint")
    }
    assert counts == {"independent": 8 * 3 + 1 * 4 + 7 * 4, "joint": 8 + 1 + 7}


def test_constant_channels_stay_where_channels_are_joint(series: list[Float32]) -> None:
    batch = WindowSet(series, window=WINDOW, step=STEP, channels="joint").batch(np.arange(3))
    assert batch.shape == (WINDOW, 3, 4)
    assert (batch[..., 2] == 0.25).all()


def test_series_shorter_than_a_window_gives_none() -> None:
    for channels in ("independent", "joint"):
        both = WindowSet([rows(6, 2), rows(10, 2)], window=WINDOW, step=STEP, channels=channels)
        alone = WindowSet([rows(10, 2)], window=WINDOW, step=STEP, channels=channels)
        assert len(both) == len(alone) > 0
        np.testing.assert_array_equal(both.batch(np.arange(2)), alone.batch(np.arange(2)))


def test_series_that_never_changes_gives_no_samples() -> None:
    still = np.ones((40, 3), np.float32)
    assert len(WindowSet([still], window=WINDOW, step=STEP, channels="independent")) == 0


def test_sliding_windows_are_views() -> None:
    values = rows(50, 3)
    windows = sliding_windows(values, WINDOW, STEP)
    assert np.shares_memory(windows, values)
    assert not windows.flags.writeable
    assert windows.shape == ((50 - WINDOW) // STEP + 1, WINDOW, 3)


@pytest.mark.parametrize(("channels", "share"), [("joint", 0.1), ("independent", 2.5)])
def test_windows_are_not_copied(channels: str, share: float) -> None:
    # A copy of windows of 100 with step 10 would be ten times the series; what there is instead
    # is three numbers a sample, and the temporary arrays that they are made of.
    series = rows(40_000, 38)
    tracemalloc.start()
    windows = WindowSet([series], window=100, step=10, channels=channels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    batch = windows.batch(np.arange(64))
    _, in_batch = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(windows) > 3_000
    assert peak < share * series.nbytes
    assert in_batch - before < 3 * batch.nbytes + 100_000
