"""Events: what a run of alarms comes to."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.runtime import InputError, Result
from stillwatch.runtime.alarms.events import Event, EventPolicy, EventTracker, find_events

NAMES = ("a", "b", "c", "d")


def result(alarms: str, scores: list[float] | None = None, start: int = 0) -> Result:
    alarm = np.array([mark == "x" for mark in alarms])
    score = np.array(scores or [float(mark) for mark in alarm], np.float32)
    error = np.tile(np.float32([1, 4, 2, 0.5]), (len(alarm), 1))
    return Result(score, alarm, error, error, error, start)


def spans(alarms: str, minimum: int = 1, cooldown: int = 0) -> list[tuple[int, int, int]]:
    policy = EventPolicy(minimum=minimum, cooldown=cooldown)
    found = find_events(result(alarms), NAMES, policy)
    assert all(event.ended for event in found)
    return [(event.start, event.end, event.alarms) for event in found]


@pytest.mark.parametrize(
    ("alarms", "minimum", "cooldown", "expected"),
    [
        ("", 1, 0, []),
        (".....", 1, 0, []),
        ("x", 1, 0, [(0, 0, 1)]),
        (".xx..x.", 1, 0, [(1, 2, 2), (5, 5, 1)]),
        (".xx..x.", 2, 0, [(1, 2, 2)]),
        (".xx..x.", 1, 1, [(1, 2, 2), (5, 5, 1)]),
        (".xx..x.", 1, 2, [(1, 5, 3)]),
        (".xx..x.", 4, 2, []),
        ("x.x.x.x", 4, 1, [(0, 6, 4)]),
        ("x.x...x", 2, 1, [(0, 2, 2)]),
    ],
)
def test_events_by_hand(
    alarms: str, minimum: int, cooldown: int, expected: list[tuple[int, int, int]]
) -> None:
    assert spans(alarms, minimum, cooldown) == expected


def test_peak_and_channels() -> None:
    (event,) = find_events(result(".xxx.", [0, 2, 7, 3, 0], start=100), NAMES, EventPolicy())
    assert (event.start, event.end, event.peak, event.score) == (101, 103, 102, 7.0)
    assert [name for name, _ in event.channels] == ["b", "c", "a"]
    np.testing.assert_allclose([share for _, share in event.channels], [4 / 7.5, 2 / 7.5, 1 / 7.5])


def rows(tracker: EventTracker, alarms: str, start: int) -> list[Event]:
    found: list[Event] = []
    for i, mark in enumerate(alarms, start=start):
        found += tracker.update(i, float(i % 7), mark == "x", np.full(4, 0.1 * i))
    return found


@given(
    alarms=st.text("x.", max_size=60),
    cut=st.integers(0, 60),
    minimum=st.integers(1, 4),
    cooldown=st.integers(0, 4),
)
def test_a_tracker_goes_on_from_its_state(
    alarms: str, cut: int, minimum: int, cooldown: int
) -> None:
    policy = EventPolicy(minimum=minimum, cooldown=cooldown)
    whole = EventTracker(NAMES, policy)
    expected = [*rows(whole, alarms, 0), *whole.finish()]
    first, second = EventTracker(NAMES, policy), EventTracker(NAMES, policy)
    found = rows(first, alarms[:cut], 0)
    second.restore(json.loads(json.dumps(first.state())))
    found += [*rows(second, alarms[cut:], len(alarms[:cut])), *second.finish()]
    assert found == expected
    begun = [event for event in expected if not event.ended]
    ended = [event for event in expected if event.ended]
    assert [event.start for event in begun] == [event.start for event in ended]
    for event in ended:
        assert alarms[event.start] == alarms[event.end] == "x"
        assert event.alarms == alarms[event.start : event.end + 1].count("x") >= minimum
        assert "." * (cooldown + 1) not in alarms[event.start : event.end + 1]


@pytest.mark.parametrize("options", [{"minimum": 0}, {"cooldown": -1}])
def test_a_policy_that_makes_no_sense_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="minimum length from 1 and a cool-down from 0"):
        EventPolicy(**options)
