"""One stream of one channel goes in plain numbers, and says to the bit what a fleet says."""

import numpy as np
import pytest

from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judged import BEGINS, ENDS, LEARNT, Judged
from stillwatch.runtime.arrays import Float64

ROWS = 2000


def eventful(seed: int) -> Float64:
    """Values (T,): spikes that grow, a new level, a frozen stretch, rows without a number."""
    generator = np.random.default_rng(seed)
    values = 20 + 3 * np.sin(np.arange(ROWS) / 46) + generator.normal(0, 1, ROWS)
    values[800::220] += 10 * 2.0 ** np.arange(len(values[800::220]))
    values[1300:] += 40
    values[1500:1580] = values[1500]
    values[1800:1850] += np.linspace(0, 400, 50)
    values[[700, 701, 1550]] = np.nan, np.inf, np.nan
    return values


@pytest.mark.parametrize(("period", "budget"), [(300.0, 5.0), (60.0, 20.0), (86400.0, 0.5)])
@pytest.mark.parametrize("calibrated", [True, False], ids=["calibrated", "unfitted"])
def test_a_stream_alone_is_as_in_a_fleet(calibrated: bool, period: float, budget: float) -> None:
    values = eventful(1)
    normal = eventful(2)[:690, None]
    spec = fit_judge(normal, period) if calibrated else JudgeSpec.unfitted(period, 300)
    rows = np.stack([values, values])[..., None]
    score, alarm = np.zeros((2, ROWS)), np.zeros((2, ROWS), bool)
    score[:, 1234] = np.nan
    fleet = Judge(spec, budget, 2, 1)
    expected = fleet.advance(rows, score, alarm, unanswered=9).of_stream(0)
    alone = Judge(spec, budget, 1, 1)
    parts = []
    for span in (slice(0, 9), slice(9, 1300), slice(1300, 1301), slice(1301, ROWS)):
        unanswered = 9 if span.start == 0 else 0
        part = alone.advance(
            rows[:1, span], score[:1, span], alarm[:1, span], unanswered=unanswered
        )
        parts.append(part)
        again = Judge(spec, budget, 1, 1)
        again.restore({name: array.copy() for name, array in alone.arrays().items()})
        alone = again
    found = Judged.joined(parts).of_stream(0)
    for name in Judged._fields:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    seen = np.bitwise_or.reduce(found.mark)
    assert seen & BEGINS
    assert seen & ENDS
    assert period > 300 or seen & LEARNT
    last = alone.arrays()
    assert period > 300 or last["judge.account.debt"].shape == (1, 1)
    for name, array in fleet.arrays().items():
        wanted = array if name.endswith("row") else array[..., :1]
        np.testing.assert_array_equal(last[name], wanted, err_msg=name)


@pytest.mark.parametrize("calm", [0.0, 100.0])
def test_what_is_owed_is_owed_alike(calm: float) -> None:
    """In debt, and while an event stands or in calm: what stands then is owed, too."""
    spec = fit_judge(eventful(2)[:690, None], 3600.0)
    values = eventful(1)
    values[~np.isfinite(values)] = 20
    found = {}
    for streams in (1, 2):
        judge = Judge(spec, 1.0, streams, 1)
        state = {name: array.copy() for name, array in judge.arrays().items()}
        state["judge.account.debt"][:] = 3.0
        state["judge.account.credit"][:] = -40.0
        state["judge.account.calm"][:] = calm
        judge.restore(state)
        rows = np.repeat(np.repeat(values[850:], 2)[None, :, None], streams, axis=0)
        none = np.zeros(rows.shape[:2])
        judged = judge.advance(rows, none, none > 0).of_stream(0)
        found[streams] = (judged, judge.arrays()["judge.account.debt"][0, 0])
    for one, other in zip(found[1][0], found[2][0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[1][1] == found[2][1]
    parts = found[1][0]
    assert (parts.parts[:, 0] < parts.surprise**2).any()  # it was not heard in full


def test_an_update_says_what_a_chunk_says() -> None:
    detector = Detector.load("nab-rds-online")
    values = eventful(1)[:1500]
    values[~np.isfinite(values)] = 20
    asked = {"threshold": "budget(5/day,300s)"}
    whole = detector.score(values, **asked)
    assert whole.surprise is not None
    stream = detector.stream(**asked)
    answers = [stream.update(value) for value in values.tolist()]
    again = detector.stream(stream.snapshot())
    assert again.snapshot() == stream.snapshot()
    for row, answer in enumerate(answers):
        if answer is None:
            continue
        assert (answer.row, answer.alarm) == (row, whole.alarm[row])
        assert answer.score == whole.score[row]
        expected = None if np.isnan(whole.surprise[row]) else whole.surprise[row]
        assert answer.surprise == expected
    assert sum(answer is not None and answer.alarm for answer in answers) > 2
