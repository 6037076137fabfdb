import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from stillwatch.runtime import StillwatchError
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.scaling import (
    ScalingPolicy,
    history_figures,
    history_moments,
    rolling_moments,
    series_moments,
)

HISTORY = 24
# Sums of a few hundred float64 in another order than NumPy's.
OTHER_ORDER = 1e-12
# A deviation of 0.5 about -3000: squares keep half of the digits that the sums keep.
DEVIATION = 1e-9


def two_channels(seed: int = 0, rows: int = 200) -> Float64:
    return np.random.default_rng(seed).normal([20, -3000], [4, 0.5], (rows, 2))


def test_rolling_moments_are_those_of_the_values_before_each_one() -> None:
    values = two_channels()
    moments = rolling_moments(values, HISTORY)
    assert moments.mean.shape == moments.scale.shape == (200 - HISTORY, 2)
    for i in range(200 - HISTORY):
        before = values[i : i + HISTORY]
        np.testing.assert_allclose(moments.mean[i], before.mean(axis=0), rtol=OTHER_ORDER)
        np.testing.assert_allclose(moments.scale[i], before.std(axis=0), rtol=DEVIATION)


@given(row=st.integers(HISTORY, 199), seed=st.integers(0, 9))
def test_rolling_moments_see_nothing_of_a_value_itself_or_the_future(row: int, seed: int) -> None:
    values = two_channels(seed)
    mutated = values.copy()
    mutated[row:] = np.random.default_rng(seed + 1).normal(0, 1e6, mutated[row:].shape)
    seen, unseen = rolling_moments(values, HISTORY), rolling_moments(mutated, HISTORY)
    until = row - HISTORY + 1  # the moments of `row` are the last that may not change
    np.testing.assert_array_equal(seen.mean[:until], unseen.mean[:until])
    np.testing.assert_array_equal(seen.scale[:until], unseen.scale[:until])
    assert (seen.mean[until:] != unseen.mean[until:]).all()


def test_rolling_moments_forget_what_lies_before_their_history() -> None:
    values = two_channels()
    mutated = values.copy()
    mutated[:50] += 1e6
    kept, changed = rolling_moments(values, HISTORY), rolling_moments(mutated, HISTORY)
    np.testing.assert_array_equal(kept.mean[50:], changed.mean[50:])
    assert (kept.mean[:50] != changed.mean[:50]).all()


@given(cut=st.integers(HISTORY, 199))
def test_rolling_moments_are_the_same_to_the_bit_however_the_series_is_cut(cut: int) -> None:
    values = two_channels()
    whole = rolling_moments(values, HISTORY)
    parts = [rolling_moments(values[:cut], HISTORY), rolling_moments(values[cut - HISTORY :], 24)]
    for name in ("mean", "scale"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))


@pytest.mark.parametrize("block", [1, 5, 176])
def test_rolling_moments_do_not_depend_on_the_block_length(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.asfortranarray(two_channels())
    whole = rolling_moments(two_channels(), HISTORY)
    monkeypatch.setattr("stillwatch.runtime.scoring.scaling._BLOCK", block)
    cut = rolling_moments(values, HISTORY)
    np.testing.assert_array_equal(cut.mean, whole.mean)
    np.testing.assert_array_equal(cut.scale, whole.scale)


def test_a_history_as_long_as_the_series_leaves_no_row() -> None:
    assert rolling_moments(two_channels(rows=HISTORY), HISTORY).mean.shape == (0, 2)


def test_series_moments_agree_with_scikit_learn() -> None:
    values = two_channels(rows=4032)
    fitted = StandardScaler().fit(values)
    moments = series_moments(values)
    np.testing.assert_allclose(moments.mean, fitted.mean_[None], rtol=OTHER_ORDER)
    np.testing.assert_allclose(moments.scale, fitted.scale_[None], rtol=DEVIATION)


@given(
    level=st.floats(-1e6, 1e6, allow_subnormal=False),
    history=st.sampled_from([2, 10, 96, 288, 1152]),
)
def test_a_constant_channel_is_centred_and_has_scale_one(level: float, history: int) -> None:
    values = np.full((history + 3, 2), level)
    values[:, 1] = np.arange(history + 3)
    for moments in (rolling_moments(values, history), series_moments(values)):
        np.testing.assert_allclose(moments.mean[:, 0], level, rtol=OTHER_ORDER)
        np.testing.assert_array_equal(moments.scale[:, 0], 1.0)
        assert (moments.scale[:, 1] != 1.0).all()


@pytest.mark.parametrize(
    ("deviation", "scale"), [(2.0**-126, 1.0), (2.0**-125, 2.0**-125)], ids=["at", "above"]
)
def test_a_deviation_that_float32_hardly_holds_is_none(deviation: float, scale: float) -> None:
    values = np.array([[-deviation], [deviation]])
    assert series_moments(values).scale.item() == scale


def test_small_variation_on_a_high_level_is_not_taken_for_constant() -> None:
    values = 1e6 + np.random.default_rng(0).normal(0, 1e-3, (500, 1))
    np.testing.assert_allclose(series_moments(values).scale, values.std(), rtol=1e-3)
    assert (rolling_moments(values, 288).scale < 1e-2).all()


@pytest.mark.parametrize("text", ["trained", "series", "rolling(2)", "rolling(288)"])
def test_a_policy_is_called_what_it_is_parsed_from(text: str) -> None:
    policy = ScalingPolicy.parse(text)
    assert str(policy) == text
    assert policy.history == (int(text[8:-1]) if text.startswith("rolling") else 0)


@pytest.mark.parametrize(
    "text", ["", "Series", "rolling", "rolling()", "rolling(1)", "rolling(-5)", "rolling(12345678)"]
)
def test_other_policies_are_refused(text: str) -> None:
    with pytest.raises(StillwatchError, match="expected a scaling policy"):
        ScalingPolicy.parse(text)


@given(
    level=st.sampled_from([0.0, 7.0, -3000.0, 1e15, 1e-44, 3e38]),
    spread=st.sampled_from([0.0, 1e-300, 1e-7, 1.0, 1e30]),
    seed=st.integers(0, 9),
)
def test_one_streams_figures_are_the_moments_to_the_bit(
    level: float, spread: float, seed: int
) -> None:
    history = np.random.default_rng(seed).normal(level, spread, HISTORY)
    moments = history_moments(history[None, :, None])
    assert history_figures(history) == (moments.mean.item(), moments.scale.item())
