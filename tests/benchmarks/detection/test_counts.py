import numpy as np
import pytest

from stillwatch.benchmarks.detection.counts import Count, count_points, count_windows, spread


def rows(*places: int) -> np.ndarray:
    alarm = np.zeros(100, bool)
    alarm[list(places)] = True
    return alarm


def test_points_are_counted_exactly() -> None:
    count = count_points(rows(10, 50), rows(10, 11, 70))
    assert (count.tp, count.fp, count.fn, count.tn) == (1, 2, 1, 96)
    assert count.precision == pytest.approx(1 / 3)
    assert count.recall == pytest.approx(1 / 2)
    assert count.f1 == pytest.approx(2 / 5)


def test_the_published_row_follows_from_its_counts() -> None:
    published = Count(tp=2, fp=1, fn=0, tn=4029)
    assert published.f1 == pytest.approx(0.8)
    assert round(published.nab) == 89


def test_an_event_is_found_by_any_alarm_in_its_window_and_counted_once() -> None:
    count = count_windows([(10, 20), (50, 60)], rows(10, 15, 20, 61))
    assert (count.tp, count.fp, count.fn) == (1, 1, 1)


def test_a_window_includes_its_last_row() -> None:
    assert count_windows([(50, 60)], rows(60)).tp == 1
    assert count_windows([(50, 60)], rows(61)).tp == 0


def test_no_alarm_gives_zeros_and_no_division_by_zero() -> None:
    count = count_points(rows(10), rows())
    assert (count.precision, count.recall, count.f1, count.nab) == (0, 0, 0, 0)


def test_spread_is_median_minimum_and_maximum() -> None:
    figures = [{"f1": 0.5}, {"f1": 0.9}, {"f1": 0.8}]
    assert spread(figure["f1"] for figure in figures) == {"median": 0.8, "min": 0.5, "max": 0.9}
