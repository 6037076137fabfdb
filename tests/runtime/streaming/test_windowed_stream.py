"""Streams of windowed models: however samples come, they score as the whole series does."""

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import assert_equal, joined, sizes, spans
from support.detectors import KINDS, ROWS, WINDOW, windowed, windowed_rolling
from support.repeat_vectors import normal_rows

from stillwatch.runtime import Detector, InputError, Result, Stream
from stillwatch.runtime.arrays import Float64

KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}")
STRIDE = pytest.mark.parametrize("stride", range(1, WINDOW + 1))


def rows_for(detector: Detector, length: int = ROWS, seed: int = 1) -> Float64:
    """Rows with an excursion, so that there are alarms beside calm."""
    rows = normal_rows(length, len(detector.info.channels), seed)
    rows[length // 2 : length // 2 + WINDOW] += 30
    return rows


def fed(stream: Stream, rows: Float64, cuts: list[int]) -> Result:
    parts = [stream.extend(rows[span]) for span in spans(len(rows), cuts)]
    return joined([*parts, stream.finish()])


def window_by_window(detector: Detector, rows: Float64, stride: int) -> Result:
    """The definition: each window scored by itself, answering the rows that are new in it."""
    parts, answered = [], 0
    starts = [*range(0, len(rows) - WINDOW + 1, stride), len(rows) - WINDOW]
    for start in starts:
        alone, new = detector.score(rows[start : start + WINDOW]), start + WINDOW - answered
        if new:
            fresh = slice(WINDOW - new, None)
            parts.append(
                Result(
                    alone.score[fresh],
                    alone.alarm[fresh],
                    alone.reconstruction[fresh],
                    alone.error[fresh],
                    alone.contribution[fresh],
                    answered,
                )
            )
        answered += new
    return joined(parts)


@KIND
@STRIDE
def test_series_is_scored_window_by_window(kind: tuple[str, int], stride: int) -> None:
    detector = windowed(*kind)
    for length in (WINDOW, WINDOW + 1, 2 * WINDOW, 70, ROWS):
        rows = rows_for(detector, length)
        found = detector.score(rows, stride=stride)
        assert found.score.shape == (length,)
        assert_equal(found, window_by_window(detector, rows, stride))
    assert found.alarm.any()
    assert not found.alarm.all()


@KIND
@settings(max_examples=30)
@given(
    cuts=sizes(WINDOW, 2 * WINDOW, most=ROWS),
    stride=st.integers(1, WINDOW),
    length=st.integers(WINDOW, ROWS),
)
def test_any_chunking_scores_as_the_whole(
    kind: tuple[str, int], cuts: list[int], stride: int, length: int
) -> None:
    detector = windowed(*kind)
    rows = rows_for(detector, length)
    whole = detector.score(rows, stride=stride)
    assert_equal(fed(detector.stream(stride=stride), rows, cuts), whole)
    chunks = (rows[span] for span in spans(length, cuts))
    assert_equal(joined(list(detector.score_chunks(chunks, stride=stride))), whole)


@STRIDE
def test_every_stride_scores_in_chunks_as_whole(stride: int) -> None:
    detector = windowed("independent", 3)
    rows = rows_for(detector)
    for cuts in ([1], [7], [WINDOW], [ROWS]):
        whole = detector.score(rows, stride=stride)
        assert_equal(fed(detector.stream(stride=stride), rows, cuts), whole)


@settings(max_examples=20)
@given(cuts=sizes(WINDOW, 15, most=ROWS), stride=st.integers(1, WINDOW))
def test_rolling_scaling_in_chunks_as_whole(cuts: list[int], stride: int) -> None:
    history = 15
    detector = windowed_rolling(history)
    rows = rows_for(detector)
    whole = detector.score(rows, stride=stride)
    assert np.isnan(whole.score[:history]).all()
    assert np.isfinite(whole.score[history:]).all()
    assert_equal(fed(detector.stream(stride=stride), rows, cuts), whole)


@KIND
@pytest.mark.parametrize("stride", [1, 6, WINDOW])
# Where the limit begins to roll within a window, its peak may be no alarm and another row one.
@pytest.mark.parametrize("threshold", [None, f"rolling(1,{WINDOW + 5})"])
def test_update_brings_the_peak_of_what_it_answers(
    kind: tuple[str, int], stride: int, threshold: str | None
) -> None:
    detector = windowed(*kind)
    rows = rows_for(detector)
    stream = detector.stream(stride=stride, threshold=threshold)
    whole = detector.score(rows, stride=stride, threshold=threshold)
    verdicts = 0
    for i, row in enumerate(rows):
        seen, before = i + 1, stream.answered
        verdict = stream.update(row)
        assert stream.warm_up == max(WINDOW - seen, 0)
        assert stream.pending == (seen if seen < WINDOW else (seen - WINDOW) % stride)
        assert stream.answered == seen - stream.pending
        if stream.answered == before:
            assert verdict is None
            continue
        assert verdict is not None
        verdicts += 1
        fresh = slice(before, stream.answered)
        top = before + int(np.argmax(whole.score[fresh]))
        assert verdict.row == top
        assert verdict.score == whole.score[top]
        assert verdict.alarm == whole.alarm[fresh].any()
        np.testing.assert_array_equal(verdict.reconstruction, whole.reconstruction[top])
        np.testing.assert_array_equal(verdict.error, whole.error[top])
    assert verdicts == 1 + (ROWS - WINDOW) // stride


@KIND
def test_bad_chunk_leaves_the_stream_as_it_was(kind: tuple[str, int]) -> None:
    detector = windowed(*kind)
    rows = rows_for(detector)
    wide = rows.shape[1]
    stream, control = detector.stream(stride=7), detector.stream(stride=7)
    broken = np.ones((2 * WINDOW, wide))
    broken[WINDOW + 3, wide - 1] = np.nan
    for start, stop in pairwise([0, 5, 33, 60, 61, ROWS]):
        for bad in (broken, np.full((3, wide), 1e39), np.ones((3, wide + 1)), np.ones((0, wide))):
            with pytest.raises(InputError) as caught:
                stream.extend(bad)
            assert "\n" not in str(caught.value)
        assert_equal(stream.extend(rows[start:stop]), control.extend(rows[start:stop]))
        assert stream.snapshot() == control.snapshot()
    assert_equal(stream.finish(), control.finish())


def test_finished_stream_refuses_more() -> None:
    detector = windowed("joint", 3)
    rows = rows_for(detector)
    stream = detector.stream()
    stream.extend(rows)
    assert len(stream.finish().score) == ROWS % WINDOW
    for more in (lambda: stream.extend(rows), lambda: stream.update(rows[0])):
        with pytest.raises(InputError, match="finished: begin another"):
            more()


@pytest.mark.parametrize("rows", [1, WINDOW - 1])
def test_stream_that_has_not_filled_a_window_has_no_answers(rows: int) -> None:
    detector = windowed("independent", 3)
    stream = detector.stream()
    assert not len(stream.extend(rows_for(detector, rows)).score)
    assert not len(stream.finish().score)
    assert stream.answered == 0


@KIND
@pytest.mark.parametrize("stride", [0, -1, WINDOW + 1])
def test_stride_beyond_the_window_is_refused(kind: tuple[str, int], stride: int) -> None:
    detector = windowed(*kind)
    for call in (detector.stream, lambda **o: detector.score(rows_for(detector), **o)):
        with pytest.raises(InputError, match=f"stride from 1 to {WINDOW}, got {stride}"):
            call(stride=stride)


def test_chunks_are_scored_as_they_come() -> None:
    detector = windowed("joint", 3)
    rows = rows_for(detector)
    asked = []

    def source(start: int) -> Float64:
        asked.append(start)
        return rows[start : start + WINDOW]

    results = detector.score_chunks(source(start) for start in range(0, ROWS, WINDOW))
    for number in range(3):
        assert next(results).start == number * WINDOW
        assert asked == [WINDOW * i for i in range(number + 1)]


def test_rows_are_answered_once_however_often_a_stream_is_finished() -> None:
    detector = windowed("joint", 3)
    stream = detector.stream()
    stream.extend(rows_for(detector))
    stream.finish()
    with suppress(InputError):
        assert not len(stream.finish().score)
    assert stream.answered == ROWS
    assert stream.pending == 0
