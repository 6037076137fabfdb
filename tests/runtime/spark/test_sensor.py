"""A sensor's stream in batches of any size, its state stored between them, is Detector's."""

import numpy as np
import pytest
from support.answers import spans
from support.detectors import nab_rds_capsule, windowed_capsule
from support.series import cpu_like

from stillwatch.runtime import Detector, InputError, SnapshotError
from stillwatch.runtime.alarms.events import Event, EventPolicy, find_events
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.workers.at_rest import events_at_rest, scores_at_rest
from stillwatch.runtime.spark.workers.carried import Job, carried
from stillwatch.runtime.spark.workers.columns import TIME
from stillwatch.runtime.spark.workers.sensor import SavedSensor, SensorStream

CASES = {
    "causal": (nab_rds_capsule, ("trained",), 1, None),
    "causal, rolling, judged": (nab_rds_capsule, ("rolling(288)",), 1, "budget(9/day,300s)"),
    "windowed": (windowed_capsule, ("joint", 3), 3, None),
    "windowed, judged": (windowed_capsule, ("independent", 1), 1, "budget(9/day,300s)"),
}
ROWS = 1003
# Rows a batch, over and over: on, beside and across windows and histories, and all at once.
CUTS = pytest.mark.parametrize("cuts", [[288, 1, 1, 46], [20, 61, 19], [ROWS]], ids=str)


@pytest.fixture(scope="module", params=CASES.values(), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[Job, Float64]:
    make, arguments, channels, threshold = request.param
    options = SparkOptions(threshold=threshold, events=EventPolicy(cooldown=3))
    values = np.stack([cpu_like(c, ROWS) for c in range(channels)], axis=1)
    values[450] += 60
    values[-140:-100] += 45
    values[-30:] = values[-30]
    return Job(capsule=carried(make(*arguments)), by=("sensor",), options=options), values


def stored(sensor: SensorStream, job: Job, *, events: bool) -> SensorStream:
    saved = sensor.saved()
    return SensorStream(job, SavedSensor(*saved), events=events)


def times_of(rows: np.ndarray) -> np.ndarray:
    return 1_000_000 + 300 * rows


def batches(job: Job, values: Float64, cuts: list[int], *, events: bool) -> dict[str, list[object]]:
    """Columns over all batches, rows within each shuffled, the state stored after each."""
    generator = np.random.default_rng(3)
    sensor = SensorStream(job, events=events)
    found: dict[str, list[object]] = {}
    answers = []
    for span in spans(len(values), cuts):
        rows = generator.permutation(np.arange(len(values))[span])
        answers += list(sensor.take(times_of(rows), values[rows]))
        sensor = stored(sensor, job, events=events)
    answers += list(sensor.finish())
    for columns in answers:
        for name, column in columns.items():
            found.setdefault(name, []).extend(column)
    return found


@CUTS
def test_scores_are_those_of_the_whole_series(case: tuple[Job, Float64], cuts: list[int]) -> None:
    job, values = case
    at_rest = scores_at_rest(job, times_of(np.arange(ROWS)), values)
    found = batches(job, values, cuts, events=False)
    assert list(found) == list(at_rest)
    for name, column in at_rest.items():
        np.testing.assert_array_equal(np.array(found[name], column.dtype), column, name)


def test_what_comes_at_rest_is_the_detectors(case: tuple[Job, Float64]) -> None:
    job, values = case
    order = np.random.default_rng(5).permutation(ROWS)
    columns = scores_at_rest(job, times_of(order), values[order])
    detector = Detector.from_bytes(job.capsule.content, "it")
    expected = detector.score(values, threshold=job.options.threshold)
    assert columns[TIME].tolist() == times_of(np.arange(ROWS)).tolist()
    for name in ("score", "alarm"):
        np.testing.assert_array_equal(columns[name], getattr(expected, name))
    if expected.surprise is not None:
        np.testing.assert_array_equal(columns["surprise"], expected.surprise)
    for what in ("reconstruction", "error", "contribution"):
        names = [name for name in columns if name.startswith(what)]
        found = np.stack([columns[name] for name in names], axis=1)
        np.testing.assert_array_equal(found, getattr(expected, what).reshape(found.shape))


@CUTS
def test_events_are_those_of_the_whole_series(case: tuple[Job, Float64], cuts: list[int]) -> None:
    job, values = case
    found = batches(job, values, cuts, events=True)
    at_rest = events_at_rest(job, times_of(np.arange(ROWS)), values)
    assert at_rest["start"]
    last = {start: place for place, start in enumerate(found["start"])}
    for name, column in at_rest.items():
        assert [found[name][place] for place in last.values()] == column, name


def test_events_at_rest_are_find_events(case: tuple[Job, Float64]) -> None:
    job, values = case
    detector = Detector.from_bytes(job.capsule.content, "it")
    result = detector.score(values, threshold=job.options.threshold)
    events = find_events(result, detector.info.channel_names, job.options.events)
    columns = events_at_rest(job, times_of(np.arange(ROWS)), values)
    for name in Event._fields:
        expected = [getattr(event, name) for event in events]
        if name in ("start", "end", "peak"):
            expected = times_of(np.array(expected)).tolist()
        if name == "channels":
            expected = [[{"channel": n, "share": s} for n, s in pairs] for pairs in expected]
        assert columns[name] == expected, name


@pytest.mark.parametrize("late", [0, ROWS - 2])
def test_a_late_row_is_answered_and_changes_nothing(case: tuple[Job, Float64], late: int) -> None:
    job, values = case
    sensor, other = SensorStream(job), SensorStream(job)
    rows = np.arange(ROWS - 1)
    for one in (sensor, other):
        list(one.take(times_of(rows), values[rows]))
    found = list(sensor.take(times_of(np.array([late])), values[:1] + 100))
    assert len(found) == 1
    assert found[0]["late"].tolist() == [True]
    assert np.isnan(found[0]["score"]).all()
    assert not found[0]["alarm"].any()
    assert sensor.saved() == other.saved()


def test_a_series_too_short_for_an_answer_has_none(case: tuple[Job, Float64]) -> None:
    job, values = case
    columns = scores_at_rest(job, times_of(np.arange(1)), values[:1])
    info = job.capsule.detector().info
    answered = bool(info.state) and not info.scaling.history
    assert np.isnan(columns["score"]).any() != answered
    assert not columns["late"].any()


def test_a_missing_value_is_refused_or_filled_as_asked_for() -> None:
    values = cpu_like(0, 60)[:, None].copy()
    values[[20, 21, 40]] = np.nan
    capsule = carried(nab_rds_capsule("trained"))
    plain = Job(capsule=capsule, by=("sensor",), options=SparkOptions())
    times = times_of(np.arange(60))
    with pytest.raises(InputError, match="expected finite"):
        scores_at_rest(plain, times, values)
    with pytest.raises(InputError, match="expected finite"):
        list(SensorStream(plain).take(times, values))
    filling = Job(capsule=capsule, by=("sensor",), options=SparkOptions(fill=True))
    at_rest = scores_at_rest(filling, times, values)
    found = batches(filling, values, [21, 1, 18], events=False)
    np.testing.assert_array_equal(np.array(found["score"], np.float32), at_rest["score"])
    assert not np.isnan(at_rest["score"]).any()


def test_the_state_of_another_capsule_is_refused() -> None:
    job = Job(capsule=carried(nab_rds_capsule("trained")), by=("s",), options=SparkOptions())
    other = Job(capsule=carried(windowed_capsule("joint", 3)), by=("s",), options=SparkOptions())
    with pytest.raises(SnapshotError, match="another model"):
        SensorStream(other, SensorStream(job).saved())
    with pytest.raises(SnapshotError, match="no event to go on with"):
        SensorStream(job, SensorStream(job).saved(), events=True)
