"""A pool answers each stream as it is answered alone, at whatever pace the others go."""

import numpy as np
import pytest
from support.calibrated import calibrated

from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.result import Result
from stillwatch.runtime.streaming.pool import Pool

STREAMS, ROWS = 5, 700
# A batch of the graph rounds unlike a single row, by a few ulps of float32.
TOLERANCE = 1e-5


def series(channels: int) -> Float64:
    rng = np.random.default_rng(3)
    found: Float64 = 20 + rng.normal(size=(STREAMS, ROWS, channels))
    found[:, 620] += 60
    return found


@pytest.fixture(scope="module")
def windowed() -> Detector:
    normal = series(3)[:, :600].reshape(-1, 3)
    return Detector.from_bytes(calibrated(normal, period=600.0).content, "made up")


def detector_of(kind: str, windowed: Detector) -> tuple[Detector, ThresholdPolicy]:
    if kind == "windowed":
        return windowed, "budget(5/week,600s)"
    return Detector.load("nab-rds-online"), "budget(5/week,3600s)" if kind == "judged" else None


def joined(parts: list[Result], what: str) -> Float64:
    return np.concatenate([getattr(part, what) for part in parts])


@pytest.mark.parametrize("kind", ["judged", "trained", "windowed"])
def test_each_stream_is_answered_as_alone(kind: str, windowed: Detector) -> None:
    detector, threshold = detector_of(kind, windowed)
    values = series(len(detector.info.channels))
    alone = [detector.stream(threshold=threshold) for _ in values]
    expected = [stream.extend(one) for stream, one in zip(alone, values, strict=True)]
    pool = Pool(detector.model, threshold)
    places = [pool.add() for _ in values]
    taken, rng = [0] * STREAMS, np.random.default_rng(9)
    parts: list[list[Result]] = [[] for _ in values]
    while min(taken) < ROWS:
        some = [i for i in rng.permutation(STREAMS)[: rng.integers(1, 6)] if taken[i] < ROWS]
        if not some:
            continue
        stops = [min(ROWS, taken[i] + int(rng.integers(1, 90))) for i in some]
        rows = [values[i, taken[i] : stop] for i, stop in zip(some, stops, strict=True)]
        found = pool.advance([places[i] for i in some], rows)
        for i, stop, result in zip(some, stops, found, strict=True):
            parts[i].append(result)
            taken[i] = stop
        if rng.random() < 0.2:  # a stream goes to the disk, and comes back to another place
            i = some[0]
            (saved,) = pool.saved([places[i]])
            pool.remove(places[i])
            places[i] = pool.add()
            pool.restore(places[i], saved)
    for mine, one in zip(parts, expected, strict=True):
        assert mine[0].start == 0
        for what in ("score", "reconstruction", "contribution"):
            np.testing.assert_allclose(
                joined(mine, what), getattr(one, what), rtol=TOLERANCE, atol=TOLERANCE
            )
        assert joined(mine, "alarm").tolist() == one.alarm.tolist()
        if one.judged is not None:
            marks = np.concatenate([part.judged.mark for part in mine if part.judged])
            assert marks.tolist() == one.judged.mark.tolist()
            cost = np.concatenate([part.judged.cost for part in mine if part.judged])
            np.testing.assert_array_equal(cost, one.judged.cost)
    assert any(one.alarm.any() for one in expected)


def test_a_place_that_was_left_begins_afresh(windowed: Detector) -> None:
    values = series(3)
    pool = Pool(windowed.model, "budget(5/week,600s)")
    place = pool.add()
    (first,) = pool.advance([place], [values[0]])
    pool.remove(place)
    assert pool.add() == place
    (again,) = pool.advance([place], [values[0]])
    np.testing.assert_array_equal(first.score, again.score)
    assert again.start == 0


def test_a_state_that_is_damaged_or_of_another_model_is_refused(windowed: Detector) -> None:
    pool = Pool(windowed.model)
    (saved,) = pool.saved([pool.add()])
    for bad in (b"", saved[:-1], saved[:-8], saved[:9] + b"x" + saved[10:]):
        with pytest.raises(SnapshotError):
            pool.restore(0, bad)
    other = Pool(Detector.load("nab-rds-online").model, "budget(5/week,3600s)")
    other.add()
    with pytest.raises(SnapshotError):
        other.restore(0, saved)


def test_what_no_pool_can_have_is_refused(windowed: Detector) -> None:
    with pytest.raises(InputError, match="rolling"):
        Pool(windowed.model, "rolling(0.99,100)")
    with pytest.raises(InputError, match="series scaling"):
        Pool(Detector.load("nab-rds").model)
