"""Fleets and many series at once: each stream answers as it would alone, to the last bit."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import assert_equal, joined, sizes, spans
from support.detectors import HISTORY, WINDOW, nab_rds, windowed, windowed_rolling
from support.repeat_vectors import normal_rows
from support.series import cpu_like

from stillwatch.runtime import Detector, InputError, Result
from stillwatch.runtime.arrays import Float64

GIVEN = {"mean": 20.0, "scale": 5.0}
CASES: dict[str, tuple[Detector, dict[str, Any]]] = {
    "causal, rolling": (nab_rds("rolling(288)"), {}),
    "causal, moments given": (nab_rds("series"), GIVEN),
    "causal, trained": (nab_rds("trained"), {}),
    "causal, rolling threshold": (nab_rds("trained"), {"threshold": "rolling(0.9,50)"}),
    "windowed, independent": (windowed("independent", 3), {"stride": 7}),
    "windowed, joint": (windowed("joint", 3), {}),
    "windowed, one channel": (windowed("independent", 1), {"stride": 1}),
    "windowed, rolling": (windowed_rolling(15), {"stride": 6}),
    "windowed, rolling threshold": (windowed("joint", 3), {"threshold": "rolling(0.5,33)"}),
}
WINDOWED = [name for name in CASES if name.startswith("windowed")]
CASE = pytest.mark.parametrize("case", CASES)


def rows_for(detector: Detector, streams: int, length: int = 0) -> Float64:
    """Different rows (N, T, C) for each stream."""
    if detector.info.state:
        length = length or HISTORY + 70
        return np.stack([cpu_like(seed, length) for seed in range(streams)])[..., None]
    channels = len(detector.info.channels)
    return np.stack([normal_rows(length or 90, channels, seed) for seed in range(streams)])


def one_of(result: Result, number: int) -> Result:
    """One stream's part of a fleet's result."""
    return Result(
        result.score[number],
        result.alarm[number],
        result.reconstruction[number],
        result.error[number],
        result.contribution[number],
        result.start,
    )


@CASE
@settings(max_examples=15)
@given(streams=st.integers(1, 14), cuts=sizes(WINDOW, 48, HISTORY, most=400))
def test_fleet_equals_so_many_streams(case: str, streams: int, cuts: list[int]) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector, streams)
    fleet = detector.fleet(streams, **options)
    parts = [fleet.extend(rows[:, span]) for span in spans(rows.shape[1], cuts)]
    together = joined([*parts, fleet.finish()], time=1)
    assert np.isfinite(together.score[:, -1]).all()
    for number, series in enumerate(rows):
        stream = detector.stream(**options)
        alone = [stream.extend(series[span]) for span in spans(len(series), cuts)]
        assert_equal(one_of(together, number), joined([*alone, stream.finish()]))


@CASE
def test_fleet_equals_the_score_of_each_series(case: str) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector, 3)
    fleet = detector.fleet(3, **options)
    steps = [fleet.update(rows[:, i]) for i in range(rows.shape[1])]
    together = joined([*steps, fleet.finish()], time=1)
    for number, series in enumerate(rows):
        assert_equal(one_of(together, number), detector.score(series, **options))


@CASE
def test_counters_of_a_fleet_are_those_of_its_streams(case: str) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector, 2)
    fleet, stream = detector.fleet(2, **options), detector.stream(**options)
    for i in range(rows.shape[1]):
        fleet.update(rows[:, i])
        stream.extend(rows[0, i : i + 1])
        for name in ("warm_up", "pending", "answered"):
            assert getattr(fleet, name) == getattr(stream, name)


def test_large_fleet_steps_as_its_streams_do() -> None:
    detector = nab_rds("rolling(288)")
    rows = rows_for(detector, 3)[np.arange(300) % 3]
    fleet = detector.fleet(300)
    found = joined([fleet.extend(rows[:, span]) for span in spans(rows.shape[1], [300, 1])], time=1)
    for number in range(3):
        expected = detector.score(rows[number])
        for same in range(number, 300, 3):
            assert_equal(one_of(found, same), expected)


@CASE
@pytest.mark.parametrize("threads", [1, 2])
def test_series_of_different_lengths_score_as_each_alone(case: str, threads: int) -> None:
    detector, options = CASES[case]
    shortest = WINDOW + detector.info.scaling.history if not detector.info.state else HISTORY + 1
    lengths = [shortest, shortest + 3, shortest + 60, shortest + 60, shortest + 181]
    many = [rows_for(detector, i + 1, n)[i] for i, n in enumerate(lengths)]
    found = detector.score_many(many, threads=threads, **options)
    assert [len(result.score) for result in found] == lengths
    for result, series in zip(found, many, strict=True):
        assert_equal(result, detector.score(series, **options))


@pytest.mark.parametrize("case", WINDOWED)
def test_two_threads_answer_as_one(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector, 6, 200)
    shared: set[int] = set()
    run = type(detector.model).run

    def watched(*arguments: Any) -> Any:
        shared.add(threading.get_ident())
        return run(*arguments)

    one = detector.fleet(6, **options).extend(rows)
    assert_equal(detector.score(rows, threads=2, **options), detector.score(rows, **options))
    monkeypatch.setattr(type(detector.model), "run", watched)
    assert_equal(detector.fleet(6, threads=2, **options).extend(rows), one)
    assert threading.get_ident() not in shared  # the calls did go to other threads


def test_error_in_a_thread_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = windowed("joint", 3)

    def failing(*_arguments: Any) -> Any:
        raise MemoryError("none left")

    monkeypatch.setattr(type(detector.model), "run", failing)
    with pytest.raises(MemoryError, match="none left"):
        detector.score(rows_for(detector, 1)[0], threads=2)


@pytest.mark.parametrize(
    ("bad", "fragment"),
    [
        (np.ones((1, WINDOW, 3)), r"expected a series \(T,\) or \(T, C\), got shape"),
        (np.ones((WINDOW, 2)), "expected 3 channels"),
        (np.full((WINDOW, 3), np.nan), "expected finite float32 numbers, got nan at row 0"),
        (np.ones((WINDOW - 1, 3)), f"expected at least {WINDOW} rows"),
    ],
    ids=["batch", "channels", "nan", "short"],
)
def test_one_bad_series_among_several_is_refused(bad: Float64, fragment: str) -> None:
    detector = windowed("joint", 3)
    with pytest.raises(InputError, match=fragment):
        detector.score_many([rows_for(detector, 1)[0], bad])


def test_no_series_have_no_scores() -> None:
    assert windowed("joint", 3).score_many([]) == []


@CASE
def test_wrong_shapes_are_refused_and_change_nothing(case: str) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector, 3)
    fleet, control = detector.fleet(3, **options), detector.fleet(3, **options)
    wide = rows.shape[2]
    wrong = [np.ones((2, 4, wide)), np.ones((3, 4, wide + 1)), np.ones((3, 0, wide)), np.ones(3)]
    wrong += [np.full((3, 4, wide), np.nan), np.ones((3, 4, wide, 1)), [[1.0], [1.0, 2.0]]]
    for start in (0, 30):
        for values in wrong:
            with pytest.raises(InputError) as caught:
                fleet.extend(values)
            assert "\n" not in str(caught.value)
        span = slice(start, start + 30)
        assert_equal(fleet.extend(rows[:, span]), control.extend(rows[:, span]))
    assert fleet.snapshot() == control.snapshot()


def test_wrong_numbers_of_streams_and_threads_are_refused() -> None:
    detector = windowed("joint", 3)
    for streams in (0, -3):
        with pytest.raises(InputError, match=f"at least one stream, got {streams}"):
            detector.fleet(streams)
    with pytest.raises(InputError, match="at least one thread, got 0"):
        detector.score_many([rows_for(detector, 1)[0]], threads=0)


def test_fleet_of_no_threads_is_refused() -> None:
    with pytest.raises(InputError, match="at least one thread"):
        windowed("joint", 3).fleet(1, threads=0)


def test_a_number_for_a_fleet_is_refused() -> None:
    with pytest.raises(InputError):
        nab_rds("trained").fleet(2).update(3.0)


def test_several_series_for_one_stream_are_refused() -> None:
    with pytest.raises(InputError):
        nab_rds("trained").stream().extend(np.ones((2, 5, 1)))


@CASE
def test_python_threads_share_a_detector(case: str) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector, 4)
    expected = [detector.score(series, **options) for series in rows]
    found: dict[int, list[Result]] = {}

    def score(number: int) -> None:
        found[number] = [detector.score(rows[number], **options) for _ in range(5)]

    def stream(number: int) -> None:
        one = detector.stream(**options)
        chunks = [one.extend(rows[number, span]) for span in spans(rows.shape[1], [13, 1])]
        found[4 + number] = [joined([*chunks, one.finish()])]

    work: list[tuple[Callable[[int], None], int]] = [(score, i) for i in range(4)]
    work += [(stream, i) for i in range(4)]
    threads = [threading.Thread(target=what, args=(number,)) for what, number in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for number, results in found.items():
        for result in results:
            assert_equal(result, expected[number % 4])
