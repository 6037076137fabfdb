"""On a real cluster of processes: the same bits, also where some of them are killed meanwhile."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from battery.forecaster_cases import FORECASTERS, build
from support.detectors import windowed_capsule
from support.series import cpu_like
from support.spark_cluster import (
    PATIENCE,
    Cluster,
    begun,
    committed,
    kill_group,
    manifest,
    missing,
    wait_for,
)

from stillwatch.runtime import Detector, Forecaster, Result
from stillwatch.runtime.alarms.events import EventPolicy, find_events

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

BUDGET = "budget(9/day,300s)"
SENSORS = 3
BATCHES = 8
ROWS = 960  # of each sensor but the first, which goes early
GONE = 500
BEGIN = np.datetime64("2026-01-01T00:00", "us")
FIGURES = ("score", "alarm", "reconstruction", "error", "contribution")


def series(sensor: int) -> np.ndarray:
    values = cpu_like(sensor, ROWS).copy()
    values[450] += 60
    values[700:740] += 45
    return values[: GONE if sensor == 0 else ROWS]


def times(rows: int) -> np.ndarray:
    return BEGIN + np.arange(rows) * np.timedelta64(1, "h")


def write_rows(folder: Path) -> None:
    """A file a batch, its rows in no order; read in the order of the files' times."""
    (folder / "rows").mkdir()
    frames = [
        pd.DataFrame({"sensor": f"s{n}", "time": times(len(series(n))), "value": series(n)})
        for n in range(SENSORS)
    ]
    rows = pd.concat(frames).sample(frac=1, random_state=0)
    rows["time"] = rows["time"].astype("datetime64[us]").dt.tz_localize("UTC")
    batch = (rows["time"].dt.tz_localize(None) - BEGIN) // pd.Timedelta(hours=ROWS // BATCHES)
    for number, part in rows.groupby(batch):
        path = folder / "rows" / f"{number:02}.parquet"
        part.to_parquet(path, index=False)
        os.utime(path, (1e9 + number, 1e9 + number))


def read(files: list[Path]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(one) for one in files], ignore_index=True)


def of_sensor(found: pd.DataFrame, sensor: int) -> pd.DataFrame:
    return found[found["sensor"] == f"s{sensor}"].sort_values("time")


def assert_scores(found: pd.DataFrame, sensor: int, expected: Result) -> None:
    rows = of_sensor(found, sensor)
    when = rows["time"].dt.tz_localize(None).to_numpy("datetime64[us]")
    assert when.tolist() == times(len(expected.score)).tolist()  # none lost, none twice
    assert not rows["late"].any()
    names = (*FIGURES, *(["surprise"] if expected.surprise is not None else []))
    for name in names:
        figures = getattr(expected, name)
        np.testing.assert_array_equal(rows[name].to_numpy(figures.dtype), figures, name)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    write_rows(tmp_path)
    with Cluster(tmp_path) as running:
        yield running


def finish(cluster: Cluster, driver: "subprocess.Popen[bytes]") -> None:
    assert driver.wait(PATIENCE) == 0, cluster.log()


def test_what_is_at_rest_and_what_streams_are_the_detectors(
    cluster: Cluster, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    capsule = windowed_capsule("independent", 1)
    (tmp_path / "windowed.onnx").write_bytes(capsule)
    made = build(tmp_path_factory.mktemp("forecaster"), FORECASTERS["direct"])
    (tmp_path / "forecaster.onnx").write_bytes(made.capsule())
    finish(cluster, cluster.driver("all", tmp_path))
    online, windowed = Detector.load("nab-rds-online"), Detector.from_bytes(capsule, "it")
    found = {
        name: pd.read_parquet(tmp_path / name)
        for name in ("frame", "shares", "events", "forecasts")
    }
    streamed = {
        name: read(manifest(tmp_path / name))
        for name in ("windowed", "windowed-events", "forecast-stream")
    }
    for n in range(SENSORS):
        values = series(n)
        judged = online.score(values, threshold=BUDGET)
        assert_scores(found["frame"], n, judged)
        assert_scores(found["shares"], n, online.score(values))
        assert_events(found["events"], n, judged, "value")
        whole = windowed.score(values, threshold=BUDGET)
        if n == 0:  # it has gone, so its last rows were answered as a file's are
            assert_scores(streamed["windowed"], n, whole)
            assert_events(streamed["windowed-events"], n, whole, "channel_1")
        else:
            begun = windowed.stream(threshold=BUDGET).extend(values)
            assert_scores(streamed["windowed"], n, begun)
        assert_forecasts(found["forecasts"], streamed["forecast-stream"], n, made.forecaster)


def assert_events(found: pd.DataFrame, sensor: int, expected: Result, channel: str) -> None:
    events = found[found["sensor"] == f"s{sensor}"].sort_values(["start", "alarms", "ended"])
    last = events.groupby("start").tail(1)
    wanted = find_events(expected, (channel,), EventPolicy())
    assert wanted or len(series(sensor)) == GONE  # which is too short for the judge of some
    assert len(last) == len(wanted)
    when = times(len(expected.score))
    for place in ("start", "end", "peak"):
        came = last[place].dt.tz_localize(None).to_numpy("datetime64[us]")
        assert came.tolist() == [when[getattr(event, place)].item() for event in wanted]
    for name in ("score", "alarms", "cause", "cost"):
        assert last[name].tolist() == [getattr(event, name) for event in wanted], name


def assert_forecasts(
    at_rest: pd.DataFrame, streamed: pd.DataFrame, sensor: int, forecaster: Forecaster
) -> None:
    values = np.repeat(series(sensor)[:, None], 3, axis=1)
    (row,) = at_rest[at_rest["sensor"] == f"s{sensor}"].to_dict("records")
    expected = forecaster.forecast(values)
    rows = of_sensor(streamed, sensor)
    stream = forecaster.stream()
    after = [stream.update(one) for one in values]
    assert len(rows) == len(values)
    for channel, name in enumerate("abc"):
        for side in ("forecast", "low", "high"):
            figures = getattr(expected, side)[:, channel]
            np.testing.assert_array_equal(np.array(row[f"{side}_{name}"], np.float32), figures)
        for one, found in zip(after, rows[f"forecast_{name}"], strict=True):
            if one is None:
                assert found is None
            else:
                np.testing.assert_array_equal(found, one.forecast[:, channel])


def test_no_row_is_lost_and_none_comes_twice_whatever_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "scores-checkpoint"

    def within_batch(number: int, delay: float) -> None:
        wait_for(lambda: begun(checkpoint) > number, name=f"batch {number}")
        time.sleep(delay)

    driver = cluster.driver("follow", tmp_path)
    within_batch(1, 0.5)
    os.kill(cluster.executors()[0], signal.SIGKILL)
    within_batch(2, 1.0)
    kill_group(cluster.workers.pop(0))
    cluster.workers.append(cluster.add_worker())
    within_batch(3, 0.2)
    kill_group(driver)
    assert committed(checkpoint) < BATCHES
    driver = cluster.driver("follow", tmp_path)
    wait_for(lambda: committed(checkpoint) > 4, name="a commit")  # between two batches
    kill_group(driver)
    assert committed(checkpoint) < BATCHES
    driver = cluster.driver("follow", tmp_path)
    within_batch(6, 0.8)
    os.kill(cluster.executors()[-1], signal.SIGKILL)
    finish(cluster, driver)
    assert committed(checkpoint) == BATCHES
    files = manifest(tmp_path / "scores")
    found = read(files)
    assert len(found) == sum(len(series(n)) for n in range(SENSORS))
    for n in range(SENSORS):
        assert_scores(found, n, Detector.load("nab-rds-online").score(series(n), threshold=BUDGET))
