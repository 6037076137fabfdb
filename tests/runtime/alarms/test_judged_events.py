"""Events of judged alarms: one for a standing alarm, its cause and cost, what was learnt."""

import functools
import json

import numpy as np
import pytest

from stillwatch.runtime.alarms.events import (
    Event,
    EventPolicy,
    EventTracker,
    Ruling,
    find_events,
)
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judged import BEGINS, ENDS, LEARNT, NO_NUMBER
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.result import Result

NAMES = ("a", "b", "c")
MARKS = {"B": BEGINS, "x": 0, ".": 0, "E": ENDS, "L": LEARNT, "N": BEGINS | NO_NUMBER}
PERIOD = 1800.0
DAY = 48


def fed(tracker: EventTracker, marks: str, start: int = 0) -> list[Event]:
    found = []
    for row, mark in enumerate(marks, start):
        alarm = mark in "BxN"
        parts = np.array([1.0, 0.0, 2.0]) if mark in "BN" else np.array([5.0, 0.0, 0.0])
        found += tracker.update(row, 1.0, alarm, parts, Ruling(MARKS[mark], 0.25 * alarm))
    return found


def test_a_standing_alarm_is_one_event_until_the_judge_ends_it() -> None:
    begun, ended = fed(EventTracker(NAMES, EventPolicy()), "..B..x...x.....E..")
    assert (begun.start, begun.ended, begun.cause) == (2, False, "c")
    assert (ended.start, ended.end, ended.alarms, ended.cost) == (2, 9, 3, 0.75)
    assert ended.channels[0] == ("a", 11 / 13)  # of 1, 5, 5 and 2
    assert not ended.learnt


def test_a_level_is_learnt_with_the_end_or_later() -> None:
    found = fed(EventTracker(NAMES, EventPolicy()), "B...E..L..L")
    assert [(event.ended, event.learnt) for event in found] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_why_there_was_no_number() -> None:
    begun, _ = fed(EventTracker(NAMES, EventPolicy()), "N.E")
    assert begun.cause == "no number"


@pytest.mark.parametrize("cut", range(12))
def test_the_state_goes_through_json(cut: int) -> None:
    marks = "B.x..E.L.B.E"
    whole, first = (EventTracker(NAMES, EventPolicy()) for _ in range(2))
    second = EventTracker(NAMES, EventPolicy())
    expected = fed(whole, marks)
    found = fed(first, marks[:cut])
    second.restore(json.loads(json.dumps(first.state())))
    assert found + fed(second, marks[cut:], cut) == expected


def made(days: int, seed: int, channels: int = 6) -> Float64:
    """Rows (T, C), each channel with a level, a day and noise of its own; 48 rows a day."""
    generator = np.random.default_rng(seed)
    time = np.arange(days * DAY) * (2 * np.pi / DAY)
    size = np.linspace(1, 3, channels)
    noise = np.empty((days * DAY, channels))
    state = np.zeros(channels)
    for row, drawn in enumerate(generator.normal(0, 0.6, noise.shape)):
        state = 0.5 * state + drawn
        noise[row] = state
    shape = np.sin(time[:, None] + np.arange(channels)) * size
    return 20.0 * np.arange(channels) + shape + noise


@functools.cache
def spec() -> JudgeSpec:
    return fit_judge(made(28, 1), PERIOD)


def judged(rows: Float64, budget: float) -> Result:
    flat = np.zeros((1, len(rows)))
    found = Judge(spec(), budget, 1, rows.shape[1]).advance(rows[None], flat, flat > 0).of_stream(0)
    score = flat[0].astype(np.float32)
    wide = np.zeros(rows.shape, np.float32)
    return Result(score, found.alarm, wide, wide, wide, judged=found)


def test_a_changed_level_is_one_event_that_ends_learnt() -> None:
    rows = made(24, 3)
    rows[6 * DAY :, 4] += 50
    names = tuple("abcdef")
    events = find_events(judged(rows, 3), names, EventPolicy())
    (event,) = (event for event in events if event.start <= 6 * DAY <= event.end)
    assert event.cause == event.channels[0][0] == "e"
    assert event.alarms > 10
    assert event.cost > 5
    assert event.learnt
    assert sum(event.learnt for event in events) == 1


FAULTS = ("spike", "level", "frozen", "noise", "drift", "swapped")
FIRST, LAST = 8 * DAY, 10 * DAY


def planted(fault: str, channel: int, rows: Float64) -> tuple[Float64, set[int]]:
    """Rows with a fault from FIRST to LAST in a channel, and the channels that are at fault."""
    found, own = rows.copy(), rows[:, channel].std()
    span = slice(FIRST, LAST)
    if fault == "spike":
        found[FIRST, channel] += 12 * own
    elif fault == "level":
        found[span, channel] += 8 * own
    elif fault == "frozen":
        found[span, channel] = found[FIRST, channel]
    elif fault == "noise":
        noise = np.random.default_rng(channel).normal(0, 8 * own, LAST - FIRST)
        found[span, channel] += noise
    elif fault == "drift":
        found[span, channel] += np.linspace(0, 15 * own, LAST - FIRST)
    else:
        other = (channel + 1) % rows.shape[1]
        found[span, [channel, other]] = found[span, [other, channel]]
        return found, {channel, other}
    return found, {channel}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found_and_the_right_channel_is_first(fault: str) -> None:
    rows = made(14, 5)
    names = tuple("abcdef")
    right = 0
    for channel in range(len(names)):
        faulty, guilty = planted(fault, channel, rows)
        events = find_events(judged(faulty, 3), names, EventPolicy())
        hits = [event for event in events if FIRST <= event.start < LAST]
        assert hits, (fault, channel)
        right += names.index(hits[0].channels[0][0]) in guilty
    assert right >= 0.9 * len(names)


def test_an_alarm_while_the_judge_learns_blames_by_the_score() -> None:
    values = 20 + np.random.default_rng(5).normal(size=340)
    values[320] = 90  # rows 288 on have a score, and too few came before for a judge
    detector = Detector.load("nab-rds-online")
    result = detector.score(values, threshold="budget(5/week,300s)")
    (event,) = find_events(result, ("value",), EventPolicy())
    assert event.start == 320
    assert event.channels == (("value", 1.0),)
