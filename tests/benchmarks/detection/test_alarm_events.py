import numpy as np
import pytest

from stillwatch.benchmarks.detection.alarm_events import CALM, alarm_events, spans


def rows(*pieces: tuple[int, int], length: int = 1000) -> np.ndarray:
    flags = np.zeros(length, bool)
    for first, last in pieces:
        flags[first : last + 1] = True
    return flags


def test_thirty_calm_rows_do_not_end_an_event_and_one_more_does() -> None:
    assert CALM == 30
    assert spans(rows((10, 10), (41, 41)), CALM) == [(10, 41)]
    assert spans(rows((10, 10), (42, 42)), CALM) == [(10, 10), (42, 42)]
    assert spans(rows(), CALM) == []


def test_an_event_hits_where_it_begins_and_is_false_elsewhere() -> None:
    labels = rows((100, 150), (400, 450), (800, 810))
    alarm = rows((120, 130), (145, 160), (390, 420), (600, 600))
    found = alarm_events(labels, alarm, 604.8)  # a thousand rows are a week
    assert (found.hit, found.events) == (1, 3)  # the second label is reached, not hit
    assert found.false_per_week == pytest.approx(2)
    assert found.covered == pytest.approx((10 + 10 + 1) / (1000 - 51 - 51 - 11))


def test_a_standing_alarm_is_one_event() -> None:
    assert alarm_events(rows(), rows((0, 999)), 604.8).false_per_week == pytest.approx(1)
