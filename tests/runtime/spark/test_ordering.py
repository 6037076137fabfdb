"""Rows come by time, whatever the order in which they were read; what comes too late is said."""

import numpy as np
import pytest

from stillwatch.runtime import InputError
from stillwatch.runtime.spark.workers.ordering import filled, in_order

TIMES = np.array([30, 10, 20, 20, 10])
VALUES = np.array([[3.0, 0.0], [1.0, 5.0], [2.0, 9.0], [2.0, 4.0], [1.0, 5.0]])


def test_rows_come_by_time_and_repeats_are_late() -> None:
    found = in_order(TIMES, VALUES)
    assert found.times.tolist() == [10, 10, 20, 20, 30]
    assert found.late.tolist() == [False, True, False, True, False]
    assert found.values[2].tolist() == [2.0, 4.0]  # the smaller of the two of one time


def test_the_order_in_which_rows_were_read_does_not_matter() -> None:
    expected = in_order(TIMES, VALUES)
    generator = np.random.default_rng(0)
    for _ in range(20):
        order = generator.permutation(len(TIMES))
        for one, other in zip(in_order(TIMES[order], VALUES[order]), expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_rows_not_after_the_last_one_taken_are_late() -> None:
    assert in_order(TIMES, VALUES, last=20).late.tolist() == [True, True, True, True, False]
    assert not in_order(TIMES[:1], VALUES[:1], last=29).late.any()
    assert in_order(TIMES[:1], VALUES[:1], last=30).late.all()


def test_a_missing_value_takes_the_last_one_also_of_the_batch_before() -> None:
    gaps = np.array([[np.nan, 1.0], [np.nan, np.nan], [7.0, np.nan]])
    found = filled(gaps, np.array([4.0, 5.0]), ("a", "b"))
    assert found.tolist() == [[4.0, 1.0], [4.0, 1.0], [7.0, 1.0]]
    assert filled(found[:0], None, ("a", "b")).shape == (0, 2)


def test_what_has_nothing_before_it_is_refused() -> None:
    with pytest.raises(InputError, match="expected a value of 'b' in the first row"):
        filled(np.array([[1.0, np.nan]]), None, ("a", "b"))
