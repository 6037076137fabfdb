"""What a scraper is told: counts, times, budgets, and streams that drift, freeze or fall silent."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.serving import SHIPPED, client, service

from stillwatch.runtime.serve.metrics.drift import StreamDrift
from stillwatch.runtime.serve.metrics.histogram import stability
from stillwatch.runtime.serve.metrics.meters import Meters
from stillwatch.runtime.serve.streams.observer import Told

OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Returns what an independent parser reads, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_service_is_scraped(tmp_path: Path) -> None:
    made = service(tmp_path)
    with client(made) as asker:
        values = (20 + np.random.default_rng(0).normal(size=330)).tolist()
        asker.post("/v1/streams/a/samples", json={"seq": 0, "samples": values})
        asker.post("/v1/streams/a/samples", json={"values": "none"})
        asker.get("/nowhere/else")
        answer = asker.get("/metrics", headers=OPEN_METRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    found = samples(answer.text)
    assert found["stillwatch_rows_total", (("model", SHIPPED),)] == 330
    posted = (("method", "POST"), ("route", "/streams/{stream}/samples"))
    assert found["stillwatch_request_seconds_count", (*posted, ("status", "200"))] == 1
    assert found["stillwatch_request_seconds_count", (*posted, ("status", "400"))] == 1
    nowhere = (("method", "GET"), ("route", "none"), ("status", "404"))
    assert found["stillwatch_request_seconds_count", nowhere] == 1
    assert found["stillwatch_errors_total", (("status", "4xx"),)] == 2
    assert found["stillwatch_stage_seconds_count", (("stage", "save"),)] >= 1
    digest = made.registry.get(SHIPPED).digest
    model = (("digest", digest), ("model", SHIPPED), ("version", "1"))
    assert found["stillwatch_model", model] == 1
    stream = (("model", SHIPPED), ("stream", "a"))
    assert found["stillwatch_stream_no_data", stream] == 0
    assert found["stillwatch_queue_requests", ()] == 0


def told(stream: str, values: Any, events: Any = (), credit: float | None = None) -> Told:
    from stillwatch.runtime.detector import Detector

    rows = np.asarray(values, np.float64).reshape(-1, 1)
    result = Detector.load(SHIPPED).stream().extend(rows)
    return Told(
        stream=stream, model=SHIPPED, version="1", first=0, values=rows, at=(), verdicts=(),
        events=events, result=result, credit=credit,
    )  # fmt: skip


def read(meters: Meters) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    from prometheus_client.openmetrics.exposition import generate_latest

    return samples(generate_latest(meters.registry).decode())


def test_silence_budget_and_events(tmp_path: Path) -> None:
    now = [0.0]
    with service(tmp_path) as made:
        meters = Meters(made.registry, lambda: 3, lambda: now[0])
        for now[0] in (0.0, 10.0, 20.0, 30.0):
            meters.committed([told("a", [1.0], credit=2.5)], {"score": 0.1})
        stream = (("model", SHIPPED), ("stream", "a"))
        now[0] = 120.0
        assert read(meters)["stillwatch_stream_no_data", stream] == 0
        now[0] = 140.0  # ten times the usual 10 seconds, and more
        found = read(meters)
        assert found["stillwatch_stream_no_data", stream] == 1
        assert found["stillwatch_stream_budget_left_events", stream] == 2.5
        assert found["stillwatch_queue_requests", ()] == 3
        meters.committed([told("a", [1.0], [{"event": "start"}])], {})
        assert read(meters)["stillwatch_stream_event_open", stream] == 1
        meters.committed([told("a", [1.0], [{"event": "end", "cost": 0.75}])], {})
        found = read(meters)
        assert found["stillwatch_stream_event_open", stream] == 0
        assert found["stillwatch_stream_budget_spent_events", stream] == 0.75
        kinds = (("kind", "end"), ("model", SHIPPED))
        assert found["stillwatch_events_total", kinds] == 1


def test_a_stream_that_drifts_suggests_a_recalibration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(6)
    with client(service(tmp_path)) as asker:

        def send(first: int, values: Any) -> dict[str, Any]:
            body = {"seq": first, "samples": values.tolist()}
            assert asker.post("/streams/a/samples", json=body).status_code == 200
            found: dict[str, Any] = asker.get("/streams/a").json()
            return found

        before = send(0, 20 + rng.normal(size=3000))
        after = send(3000, 60 + rng.normal(size=2000))
        send(5000, 60 + rng.normal(size=100))
        text = asker.get("/metrics", headers=OPEN_METRICS).text
    assert before["suggests"] is None
    assert after["suggests"] == "recalibrate"
    assert after["drift"] > 0.25
    assert samples(text)["stillwatch_stream_drifts", (("model", SHIPPED), ("stream", "a"))] == 1
    said = [one.getMessage() for one in caplog.records if "drifts" in one.getMessage()]
    assert len(said) == 1  # once, not with every row
    assert f"stillwatch recalibrate {SHIPPED}" in said[0]


def test_labels_are_bounded(tmp_path: Path) -> None:
    with service(tmp_path) as made:
        meters = Meters(made.registry, lambda: 0)
        one = told("0", [1.0])
        for number in range(1005):
            meters.committed([Told(**{**vars(one), "stream": str(number)})], {})
        found = read(meters)
        streams = {labels for name, labels in found if name == "stillwatch_stream_no_data"}
        assert len(streams) == 1000
        assert found["stillwatch_streams", (("metered", "no"),)] == 5
        assert found["stillwatch_rows_total", (("model", SHIPPED),)] == 1005


QUANTILES = {"0.5": 0.0, "0.9": 1.2816, "0.99": 2.3263, "0.999": 3.0902}  # of a normal score


@pytest.mark.parametrize(("shift", "drifts"), [(0.0, False), (2.0, True)])
def test_scores_and_channels_that_drift(shift: float, drifts: bool) -> None:
    rng = np.random.default_rng(1)
    drift = StreamDrift(2, QUANTILES, None)
    assert drift.score is None
    assert drift.channels is None
    for _ in range(20):
        drift.take(rng.normal(size=(64, 2)), rng.normal(size=64))
    for _ in range(16):
        moved = rng.normal(size=(64, 2)) + np.array([0.0, shift])
        drift.take(moved, rng.normal(size=64) + shift)
    assert drift.score is not None
    assert drift.channels is not None
    assert (drift.score > 0.25) == drifts
    assert drift.channels[0] < 0.1
    assert (drift.channels[1] > 0.25) == drifts


def test_a_window_forgets() -> None:
    rng = np.random.default_rng(2)
    drift = StreamDrift(1, QUANTILES, None)
    drift.take(rng.normal(size=(512, 1)), rng.normal(size=512))
    drift.take(rng.normal(5, 1, size=(600, 1)), rng.normal(5, 1, size=600))
    assert drift.channels is not None
    assert drift.channels[0] > 1
    drift.take(rng.normal(size=(600, 1)), rng.normal(size=600))
    assert drift.channels[0] < 0.2
    assert drift.score is not None
    assert drift.score < 0.1


def test_a_channel_that_stands_still() -> None:
    rng = np.random.default_rng(3)
    drift = StreamDrift(2, {}, None)
    flag = (np.arange(520) // 60 % 2).astype(float)  # stands for 60 rows, as it always did
    drift.take(np.stack([rng.normal(size=520), flag], axis=1), np.empty(0))
    drift.take(np.stack([rng.normal(size=60), np.ones(60)], axis=1), np.empty(0))
    assert drift.frozen == 0
    drift.take(np.stack([np.full(40, 7.0), np.arange(40.0)], axis=1), np.empty(0))
    assert drift.frozen == 1


def test_rows_that_come_one_by_one_count_as_those_that_come_together() -> None:
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.normal(size=(1030, 2)), np.full((35, 2), 2.0)])
    scores = rng.normal(1.0, 1.0, size=len(values))
    together, single = (StreamDrift(2, QUANTILES, None) for _ in range(2))
    for start in range(0, len(values), 64):
        together.take(values[start : start + 64], scores[start : start + 64])
    for row in range(len(values)):
        single.take(values[row : row + 1], scores[row : row + 1])
    assert single.frozen == together.frozen == 2
    assert single.score == together.score
    assert single.score is not None
    np.testing.assert_array_equal(single.channels, together.channels)


def test_the_index_of_like_histograms_is_nought() -> None:
    counts = np.array([[10, 20, 30]])
    assert stability(counts, counts)[0] == 0
    assert stability(counts, counts[:, ::-1])[0] > 0.25
