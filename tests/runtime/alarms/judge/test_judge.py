"""The whole judge: the same alone, in a fleet, in chunks; what a bad row leaves; faults found."""

import json

import numpy as np
import pytest

from stillwatch.runtime.alarms.judge.fitting import fit_judge, slow_rows
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judged import BEGINS, LEARNT, NO_NUMBER, Judged
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import CapsuleError, InputError

PERIOD = 1800.0  # seconds: 48 rows a day
DAY = 48


def made(streams: int, days: int, channels: int, seed: int = 0) -> Float64:
    """Rows (N, T, C) with a day in them, each channel with a level and noise of its own."""
    generator = np.random.default_rng(seed)
    hours = np.arange(days * DAY) * (2 * np.pi / DAY)
    level = 10.0 * np.arange(1, channels + 1)
    noise = generator.normal(0, 1, (streams, days * DAY, channels))
    return level + np.sin(hours)[:, None] * np.arange(1, channels + 1) + noise


@pytest.fixture(scope="module", params=["one", "many", "unfitted"])
def spec(request: pytest.FixtureRequest) -> JudgeSpec:
    if request.param == "unfitted":
        return JudgeSpec.unfitted(PERIOD, 60)
    return fit_judge(made(1, 30, 1 if request.param == "one" else 4, seed=9)[0], PERIOD)


def channels_of(spec: JudgeSpec) -> int:
    return max(1, len(spec.centre))


def eventful(spec: JudgeSpec, streams: int, days: int = 10) -> Float64:
    """Rows with spikes, a shift and a frozen end, elsewhere in each stream."""
    rows = made(streams, days, channels_of(spec), seed=1)
    for stream in range(streams):
        rows[stream, 150 + 11 * stream, 0] += 40
        rows[stream, 260 + stream :, -1] += 12
        rows[stream, -80:, 0] = rows[stream, -80, 0]
    return rows


def judged(spec: JudgeSpec, rows: Float64, cuts: list[int], budget: float = 20) -> Judged:
    """The answers to rows in chunks, each from a judge restored from the last one's state."""
    streams, _, channels = rows.shape
    judge = Judge(spec, budget, streams, channels)
    parts = []
    for chunk in np.split(rows, cuts, axis=1):
        again = Judge(spec, budget, streams, channels)
        again.restore({name: array.copy() for name, array in judge.arrays().items()})
        judge = again
        flat = np.zeros(chunk.shape[:2])
        parts.append(judge.advance(chunk, flat, flat > 0))
    return Judged(*(np.concatenate(column, axis=1) for column in zip(*parts, strict=True)))


def assert_same(one: Judged, other: Judged) -> None:
    for name in Judged._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("cuts", [[1], [5, 7, 59, 60, 61], list(range(3, 480, 23))])
def test_chunks_and_snapshots_change_nothing(spec: JudgeSpec, cuts: list[int]) -> None:
    rows = eventful(spec, 3)
    whole = judged(spec, rows, [])
    assert whole.alarm.any(axis=1).all()
    assert_same(judged(spec, rows, cuts), whole)


def test_a_stream_is_judged_the_same_in_a_fleet(spec: JudgeSpec) -> None:
    rows = eventful(spec, 5)
    rows[2] *= 1e6  # a loud neighbour
    fleet = judged(spec, rows, [100])
    for stream in range(5):
        alone = judged(spec, rows[stream : stream + 1], [])
        assert_same(Judged(*(part[stream : stream + 1] for part in fleet)), alone)


def test_a_row_without_a_number_is_an_alarm_and_leaves_no_trace(spec: JudgeSpec) -> None:
    rows = eventful(spec, 2)
    judge = Judge(spec, 20, *rows.shape[::2])
    score = np.zeros(rows.shape[:2])
    score[1, 240], bad = np.nan, rows.copy()
    bad[1, 241, -1] = np.inf
    found = judge.advance(bad, score, score > 0)
    assert found.alarm[1, 240:242].all()
    assert (found.mark[1, 240:242] & NO_NUMBER).all()
    assert np.isnan(found.surprise[1, 240:242]).all()
    assert np.isfinite(found.surprise[:, 242:]).all()
    assert not (found.mark[0] & NO_NUMBER).any()
    whole = judged(spec, rows, [])
    np.testing.assert_array_equal(found.surprise[0], whole.surprise[0])
    if spec.kind == "many":  # with no day of slots that a row may be missing from
        gone = judged(spec, np.delete(rows[1:], [240, 241], axis=1), [])
        np.testing.assert_array_equal(
            np.delete(found.surprise[1:], [240, 241], axis=1), gone.surprise
        )


def test_the_sum_of_the_last_rows_is_theirs_after_a_row_without_a_number() -> None:
    rows = eventful(fit_judge(made(1, 30, 1, seed=9)[0], PERIOD), 2)
    judge = Judge(fit_judge(made(1, 30, 1, seed=9)[0], PERIOD), 20, 2, 1)
    rows[1, 151:154] = np.nan  # after a spike of the other's, and within a turn of the ring
    score = np.zeros(rows.shape[:2])
    for last in (152, 154, 160):
        first = {152: 0, 154: 152, 160: 154}[last]
        judge.advance(rows[:, first:last], score[:, first:last], score[:, first:last] > 0)
        state = judge.arrays()
        ring, total = (state[f"judge.weighing.filters.{name}"] for name in ("recent", "sum"))
        np.testing.assert_allclose(total, ring.sum(axis=0), rtol=1e-12, atol=1e-12)


def test_rows_without_an_answer_are_learnt_and_silent(spec: JudgeSpec) -> None:
    rows = eventful(spec, 1)
    rows[:, 3] += 500
    judge = Judge(spec, 20, 1, rows.shape[2])
    score = np.zeros(rows.shape[:2])
    score[:, :10] = np.nan
    found = judge.advance(rows, score, score > 0, unanswered=10)
    assert not found.alarm[:, :10].any()
    assert np.isnan(found.surprise[:, :10]).all()


def test_an_unfitted_judge_goes_by_the_network_until_it_has_its_rows() -> None:
    rows = made(2, 4, 1)
    alarm = np.zeros(rows.shape[:2], bool)
    alarm[0, 7] = True
    found = Judge(JudgeSpec.unfitted(PERIOD, 60), 20, 2, 1).advance(rows, alarm * 0.0, alarm)
    np.testing.assert_array_equal(found.alarm[:, :60], alarm[:, :60])
    assert np.isnan(found.surprise[:, :60]).all()
    assert np.isfinite(found.surprise[:, 60:]).all()


def test_a_spec_survives_json(spec: JudgeSpec) -> None:
    again = JudgeSpec.from_dict(json.loads(json.dumps(spec.to_dict(), allow_nan=False)))
    rows = eventful(spec, 1, days=6)
    assert_same(judged(again, rows, []), judged(spec, rows, []))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "few"}, {"period": 0.0}, {"period": float("nan")}, {"scale": [0.0] * 4},
        {"levels": [float("inf")]}, {"state": {}}, {"centre": [1.0]}, {"weeks": None},
    ],
)  # fmt: skip
def test_specs_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    document = fit_judge(made(1, 3, 4)[0], PERIOD).to_dict()
    with pytest.raises(CapsuleError, match="does not fit"):
        JudgeSpec.from_dict(document | change)


@pytest.mark.parametrize("name", ["moments.mean", "tail.peaks"])
def test_states_that_do_not_fit_are_refused(name: str) -> None:
    document = fit_judge(made(1, 3, 4)[0], PERIOD).to_dict()
    shape, figures = document["state"][name]
    for bad in ([[*shape[:-1], 2], figures * 2], [shape, [None] * len(figures)]):
        with pytest.raises(CapsuleError, match="does not fit"):
            JudgeSpec.from_dict(document | {"state": document["state"] | {name: bad}})


def test_too_few_rows_are_refused() -> None:
    for bad in (np.zeros((5, 2)), np.full((50, 2), np.nan), np.zeros(50)):
        with pytest.raises(InputError, match="at least 20"):
            fit_judge(bad, PERIOD)
    assert (slow_rows(20), slow_rows(1000), slow_rows(10**6)) == (10, 150, 750)


def test_a_budget_is_kept_whatever_drifts() -> None:
    """Events of a series that never settles stay below what is earned, and the first credit."""
    spec = fit_judge(made(1, 28, 4)[0], PERIOD)
    generator = np.random.default_rng(5)
    rows = made(1, 42, 4, seed=6)
    rows += np.cumsum(generator.normal(0, 6, rows.shape), axis=1)
    weeks = rows.shape[1] * PERIOD / 604800
    for budget in (1.0, 5.0):
        found = judged(spec, rows, [], budget)
        events = (found.mark & BEGINS != 0).sum()
        assert found.cost.sum() > budget * weeks  # it would alarm much more
        assert found.alarm.mean() < 0.05
        # The threshold rises by half a unit an event: some debt stands until it bites.
        assert events < (1.5 * budget + 0.5) * weeks + budget + 2 * np.log(4 * 2500)


def test_what_stands_for_long_hides_no_later_event_of_another_channel() -> None:
    spec = fit_judge(made(1, 28, 4)[0], PERIOD)
    rows = made(1, 12, 4, seed=7)
    rows[:, 4 * DAY :, 2] += 60
    rows[:, 5 * DAY + 20, 0] += 40
    found = judged(spec, rows, [5 * DAY + 7], budget=5)
    assert found.alarm[0, 4 * DAY : 4 * DAY + 10].all()  # it stands, and beyond the credit
    assert found.mark[0, 5 * DAY + 20] & BEGINS
    assert found.parts[0, 5 * DAY + 20].argmax() == 0


def test_a_new_level_is_an_event_and_then_learnt() -> None:
    spec = fit_judge(made(1, 28, 4)[0], PERIOD)
    rows = made(1, 30, 4, seed=7)
    rows[:, 5 * DAY :, 2] += 25
    found = judged(spec, rows, [], budget=3)
    first = np.flatnonzero(found.mark[0] & BEGINS)
    assert 5 * DAY in first
    assert found.parts[0, 5 * DAY].argmax() == 2
    learnt = np.flatnonzero(found.mark[0] & LEARNT)
    assert len(learnt) == 1
    assert 5 * DAY < learnt[0] < 15 * DAY
    assert found.alarm[0, learnt[0] :].mean() < 0.02
