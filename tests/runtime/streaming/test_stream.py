from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import assert_equal, joined, spans
from support.series import cpu_like

from stillwatch.runtime import Detector, InputError, Result, Stream
from stillwatch.runtime.arrays import Float64

HISTORY = 288
OFFLINE = Detector.load("nab-rds")
ONLINE = Detector.load("nab-rds-online")
GIVEN = {"mean": 20.0, "scale": 5.0}
FAMILY = pytest.mark.parametrize(
    ("detector", "options"),
    [
        pytest.param(ONLINE, {}, id="online"),
        pytest.param(ONLINE, GIVEN, id="online, moments given"),
        pytest.param(OFFLINE, GIVEN, id="offline, moments given"),
    ],
)
# Sizes that lie on, beside and across the ends of windows (48) and of the history (288).
SIZES = st.lists(
    st.one_of(st.sampled_from([1, 7, 47, 48, 49, 287, 288, 289]), st.integers(1, 400)), min_size=1
)


@FAMILY
@settings(deadline=None, max_examples=40)
@given(sizes=SIZES, seed=st.integers(0, 5))
def test_chunks_of_any_sizes_score_as_the_whole_series(
    detector: Detector, options: dict[str, Any], sizes: list[int], seed: int
) -> None:
    values = cpu_like(seed)
    assert_same(in_chunks(detector.stream(**options), values, sizes), detector, values, options)


@FAMILY
def test_chunks_of_seven_score_as_the_whole_series(
    detector: Detector, options: dict[str, Any], series: Float64
) -> None:
    assert_same(in_chunks(detector.stream(**options), series, [7]), detector, series, options)


@FAMILY
def test_single_values_score_as_the_whole_series(
    detector: Detector, options: dict[str, Any], series: Float64
) -> None:
    whole = detector.score(series, **options)
    stream = detector.stream(**options)
    answered = 0
    for i, value in enumerate(series):
        verdict = stream.update(value)
        if verdict is None:
            assert np.isnan(whole.score[i])
            continue
        answered += 1
        assert verdict.score == whole.score[i]
        assert verdict.alarm == whole.alarm[i]
        assert verdict.reconstruction == [whole.reconstruction[i]]
        assert verdict.error == [whole.error[i]]
    assert answered == (len(series) if options else len(series) - HISTORY)


@FAMILY
@settings(deadline=None, max_examples=20)
@given(seeds=st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_a_series_scores_in_a_batch_as_alone(
    detector: Detector, options: dict[str, Any], seeds: list[int]
) -> None:
    batch = np.stack([cpu_like(seed) for seed in seeds])[..., None]
    together = detector.score(batch, **options)
    for i, seed in enumerate(seeds):
        row = Result(
            together.score[i],
            together.alarm[i],
            together.reconstruction[i, :, 0],
            together.error[i, :, 0],
            together.contribution[i, :, 0],
        )
        assert_same(row, detector, cpu_like(seed), options)


def test_no_answer_is_none_while_history_fills(series: Float64) -> None:
    stream = ONLINE.stream()
    for seen in range(HISTORY):
        assert stream.warm_up == HISTORY - seen
        assert stream.update(series[seen]) is None
    assert stream.warm_up == 0
    assert stream.update(series[HISTORY]) is not None


def test_rows_of_a_chunk_that_fill_the_history_are_nan(series: Float64) -> None:
    result = ONLINE.stream().extend(series[: HISTORY + 3])
    for figures in (result.score, result.reconstruction, result.error):
        np.testing.assert_array_equal(np.isnan(figures), np.arange(HISTORY + 3) < HISTORY)
    assert not result.alarm[:HISTORY].any()


def test_a_stream_with_moments_given_needs_no_history(series: Float64) -> None:
    stream = ONLINE.stream(**GIVEN)
    assert stream.warm_up == 0
    assert stream.update(series[0]) is not None


@FAMILY
def test_a_refused_chunk_leaves_the_stream_as_it_was(
    detector: Detector, options: dict[str, Any], series: Float64
) -> None:
    stream, control = detector.stream(**options), detector.stream(**options)
    for start, stop in pairwise([0, 100, 300, 310, 400]):
        for bad in ([20.0, np.nan], [1e39], np.zeros((3, 2))):
            with pytest.raises(InputError):
                stream.extend(bad)
        np.testing.assert_array_equal(
            stream.extend(series[start:stop]).score, control.extend(series[start:stop]).score
        )


@FAMILY
def test_streams_over_one_detector_do_not_disturb_each_other(
    detector: Detector, options: dict[str, Any], series: Float64
) -> None:
    first, second = detector.stream(**options), detector.stream(**options)
    scores = []
    for start in range(0, len(series), 50):
        scores.append(first.extend(series[start : start + 50]).score)
        second.extend(100 - series[start : start + 31])
    np.testing.assert_array_equal(np.concatenate(scores), detector.score(series, **options).score)


def test_chunks_keep_their_shape(series: Float64) -> None:
    stream = OFFLINE.stream(**GIVEN)
    assert stream.extend(series[:5]).reconstruction.shape == (5,)
    assert stream.extend(series[5:9, None]).reconstruction.shape == (4, 1)


def test_a_threshold_given_to_a_stream_holds(series: Float64) -> None:
    assert OFFLINE.stream(**GIVEN, threshold=-1.0).extend(series).alarm.all()
    assert not OFFLINE.stream(**GIVEN, threshold=1e9).extend(series).alarm.any()


def test_a_constant_stretch_does_not_make_the_next_small_step_an_anomaly() -> None:
    for level in (55.0, 55.3):  # a deviation of exactly 0, and one of rounding only
        stream = ONLINE.stream()
        stream.extend(np.full(HISTORY, level))
        verdict = stream.update(level + 0.01)
        assert verdict is not None
        assert not verdict.alarm, f"level {level}: score {verdict.score}"


def test_a_series_capsule_refuses_to_stream_and_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"give mean and scale, or use .* nab-rds-online"):
        OFFLINE.stream()


def in_chunks(stream: Stream, values: Float64, sizes: list[int]) -> Result:
    """Feeds the values in chunks of the sizes, over and over; returns the joined results."""
    return joined([stream.extend(values[span]) for span in spans(len(values), sizes)])


def assert_same(
    found: Result, detector: Detector, values: Float64, options: dict[str, Any]
) -> None:
    whole = detector.score(values, **options)
    assert np.isfinite(whole.score[-1])
    assert_equal(found, whole)


def test_a_finished_stream_refuses_a_single_number(series: Float64) -> None:
    stream = OFFLINE.stream(**GIVEN)
    stream.finish()
    with pytest.raises(InputError, match="finished"):
        stream.extend(series)
    with pytest.raises(InputError, match="finished"):
        stream.update(20.0)
