"""Streams over HTTP: what the detector's own say, whatever is repeated, also after a stop."""

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.serving import BUDGET, SHIPPED, client, service

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.serve.options import Bounds
from stillwatch.runtime.serve.streams.observer import Told

ROWS = 330  # beyond the history of 288


@pytest.fixture(scope="module")
def values() -> Float64:
    rng = np.random.default_rng(5)
    found: Float64 = 20 + rng.normal(size=ROWS)
    found[310] = 90
    return found


def post(asker: TestClient, stream: str, first: int, values: Float64) -> dict[str, Any]:
    body = {"seq": first, "samples": values.tolist()}
    answer = asker.post(f"/v1/streams/{stream}/samples", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_stream_answers_as_the_detectors_own(tmp_path: Path, values: Float64) -> None:
    expected = Detector.load(SHIPPED).stream(threshold=BUDGET).extend(values)
    said: list[dict[str, Any]] = []
    for start, stop in ((0, 1), (1, 300), (300, ROWS)):
        with client(service(tmp_path)) as asker:  # a restart between any two
            said += post(asker, "a", start, values[start:stop])["verdicts"]
    assert [verdict["seq"] for verdict in said] == list(range(ROWS))
    scores = np.array([np.nan if v["score"] is None else v["score"] for v in said])
    np.testing.assert_allclose(scores, expected.score, rtol=1e-6)
    assert [bool(v["alarm"]) for v in said] == expected.alarm.tolist()
    assert expected.alarm.any()


def test_what_is_repeated_changes_nothing(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        first = post(asker, "a", 0, values[:300])
        once = post(asker, "a", 300, values[300:])
        assert post(asker, "a", 300, values[300:]) == once
        again = post(asker, "a", 310, values[310:320])
        assert (again["accepted"], again["repeated"], again["late"]) == (0, 10, 0)
        assert again["verdicts"] == once["verdicts"][10:20]
        assert asker.get("/streams/a").json()["rows"] == ROWS
    with client(service(tmp_path)) as asker:
        assert post(asker, "a", 300, values[300:]) == once
        both = post(asker, "a", 329, values[:2])
        assert (both["accepted"], both["repeated"]) == (1, 1)
        assert asker.get("/streams/a").json()["rows"] == ROWS + 1
    assert len(first["verdicts"]) == 300


def test_a_judged_sample_that_comes_again_is_told_the_same_digits(tmp_path: Path) -> None:
    rows = 20 + np.random.default_rng(7).normal(size=820)
    with client(service(tmp_path)) as asker:
        post(asker, "a", 0, rows[:800])
        once = post(asker, "a", 800, rows[800:])
        again = post(asker, "a", 802, rows[802:819])
    assert all("surprise" in verdict for verdict in once["verdicts"])
    assert again["verdicts"] == once["verdicts"][2:19]


def test_rows_that_the_last_release_kept_are_read(tmp_path: Path, values: Float64) -> None:
    def asked() -> list[Any]:
        with client(service(tmp_path)) as asker:
            kept = asker.get("/streams/a/rows", params={"limit": 1000}).json()
            return [kept, post(asker, "a", 305, values[305:320])]

    with client(service(tmp_path)) as asker:
        post(asker, "a", 0, values[:300])
        post(asker, "a", 300, values[300:])
    now = asked()
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as db, db:
        size = 16  # bytes of a row's key and its one value; what was said comes after them
        for kind, content in (
            ("values", f"substr(content, 1, {size} * rows)"),
            ("verdicts", f"substr(content, {size} * rows + 1)"),
        ):
            db.execute(
                "INSERT INTO blocks (stream, kind, first, rows, low, high, size, content) "  # noqa: S608
                f"SELECT stream, '{kind}', first, rows, low, high, size, {content} FROM blocks "
                "WHERE kind = 'both'"
            )
        assert db.execute("DELETE FROM blocks WHERE kind = 'both'").rowcount == 2
    assert asked() == now
    assert now[1]["repeated"] == 15


def test_a_sample_that_comes_after_later_ones_is_late(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        post(asker, "a", 10, values[:2])
        answer = post(asker, "a", 8, values[:1])
        assert (answer["accepted"], answer["repeated"], answer["late"]) == (0, 0, 1)


def test_events_begin_and_end_once_and_take_feedback(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        begun = post(asker, "a", 0, values[:311])["events"]
        assert [event["event"] for event in begun] == ["start"]
        post(asker, "a", 311, values[311:])
        (event,) = asker.get("/streams/a/events").json()["events"]
        assert event["ended"]
        assert event["start"] == {"row": 310, "seq": 310}
        assert event["id"] == begun[0]["id"]
        told = asker.post(f"/events/{event['id']}/feedback", json={"feedback": "false"})
        assert told.json() == {"id": event["id"], "feedback": "false"}
        assert asker.get("/events").json()["events"][0]["feedback"] == "false"
        assert asker.post("/events/99/feedback", json={"feedback": "real"}).status_code == 404
        assert asker.post("/events/1/feedback", json={"feedback": "so so"}).status_code == 400


def test_an_event_and_what_is_said_of_it_are_of_one_stream(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        post(asker, "a", 0, values)
        post(asker, "b", 0, values)
        (first,) = asker.get("/streams/a/events").json()["events"]
        (second,) = asker.get("/streams/b/events").json()["events"]
        assert (first["stream"], second["stream"]) == ("a", "b")
        asker.post(f"/events/{first['id']}/feedback", json={"feedback": "real"})
        said = {one["stream"]: one["feedback"] for one in asker.get("/events").json()["events"]}
        assert said == {"a": "real", "b": None}


def test_rows_are_kept_with_what_was_said_of_them(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        said = post(asker, "a", 0, values)["verdicts"]
        kept = asker.get("/streams/a/rows", params={"last": 315, "limit": 10}).json()
        assert kept["row"] == list(range(306, 316))
        assert kept["values"] == [[value] for value in values[306:316].tolist()]
        assert kept["alarm"] == [verdict["alarm"] for verdict in said[306:316]]
        np.testing.assert_allclose(kept["score"], [v["score"] for v in said[306:316]], rtol=1e-6)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[[[1]]]", 400),
        (b'{"samples":[]}', 400),
        (b'{"samples":[1],"seq":-1}', 400),
        (b'{"samples":[1],"seq":1.5}', 400),
        (b'{"values":[1,2]}', 400),
        (b'{"values":"1"}', 400),
        (b'{"values":true}', 400),
        (b'{"values":NaN}', 400),
        (b'{"values":1e39}', 400),
        (b'{"values":[1],"time":"never"}', 400),
        (b'{"values":[1],"time":[1]}', 400),
        (b'{"values":[1],"colour":2}', 400),
        (b'[{"values":1,"seq":2},{"values":1,"seq":2}]', 400),
        (b'[{"values":1,"seq":2},{"values":1}]', 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
    ],
)
def test_bad_samples_are_refused_in_one_line(tmp_path: Path, body: bytes, status: int) -> None:
    with client(service(tmp_path)) as asker:
        headers = {"content-type": "application/json"}
        answer = asker.post("/streams/a/samples", content=body, headers=headers)
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]
        assert "\n" not in answer.json()["error"]
        assert asker.get("/streams").json() == {"streams": []}


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    with client(service(tmp_path)) as asker:
        text = "seq,value\n5,20.5\n6,21\n"
        headers = {"content-type": "text/csv; charset=utf-8"}
        by_csv = asker.post("/streams/a/samples", content=text, headers=headers).json()
        by_json = asker.post(
            "/streams/b/samples", json={"seq": 5, "samples": [20.5, {"values": 21}]}
        )
        assert by_json.status_code == 400  # one seq for all, or one with each
        by_json = asker.post("/streams/b/samples", json={"seq": 5, "samples": [20.5, 21]})
        assert by_csv["verdicts"] == by_json.json()["verdicts"]


def test_a_stream_is_of_one_model_and_goes_by_one_key(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        post(asker, "a", 0, values[:2])
        assert asker.post("/streams/a/samples", json={"values": 1}).status_code == 409
        assert asker.post("/streams/a/samples", json={"values": 1, "time": 5}).status_code == 409
        assert asker.post("/streams/a/samples?model=no", json={"values": 1}).status_code == 409
        assert asker.post("/streams/b/samples?model=no", json={"values": 1}).status_code == 404
        assert asker.post("/streams/%20/samples", json={"values": 1}).status_code == 400


def test_many_streams_in_a_request(tmp_path: Path, values: Float64) -> None:
    with client(service(tmp_path)) as asker:
        given: dict[str, Any] = {
            name: {"seq": 0, "samples": values[:5].tolist()} for name in ("a", "b")
        }
        given |= {"c": {"seq": 0, "samples": ["x"]}, "no name": {"values": 1}}
        told = asker.post("/v1/samples", json={"streams": given}).json()["streams"]
        assert [told[name].get("accepted") for name in given] == [5, 5, None, None]
        assert told["c"]["status"] == 400
        alone = post(asker, "d", 0, values[:5])
        assert told["a"]["verdicts"] == alone["verdicts"]
        assert asker.get("/streams").json()["streams"][-1]["stream"] == "d"
        for bad in ({}, {"streams": {}}, {"streams": []}, [], {"streams": {"a": 1}, "b": 2}):
            assert asker.post("/v1/samples", json=bad).status_code == 400


def test_what_happens_is_told_live(tmp_path: Path, values: Float64) -> None:
    made = service(tmp_path)
    with client(made) as asker:
        heard = made.feed.listen("a")

        async def first() -> bytes:
            return await anext(heard)

        async def rest() -> list[bytes]:
            post_later = asyncio.to_thread(post, asker, "a", 0, values[:311])
            answer = asyncio.create_task(post_later)
            messages = [await anext(heard) for _ in range(3)]
            await answer
            return messages

        async def all_of_it() -> tuple[bytes, list[bytes]]:
            return await first(), await rest()

        hello, messages = asyncio.run(all_of_it())
    assert hello.startswith(b":")
    kinds = [message.split(b"\n")[0] for message in messages]
    assert kinds == [b"event: samples", b"event: verdicts", b"event: event"]
    event = json.loads(messages[2].split(b"data: ")[1])
    assert (event["stream"], event["event"], event["start"]["row"]) == ("a", "start", 310)


def test_kept_rows_are_bounded(tmp_path: Path, values: Float64) -> None:
    bounds = Bounds(kept=40_000)
    with client(service(tmp_path, bounds=bounds)) as asker:
        for start in range(0, 20 * ROWS, ROWS):
            post(asker, "a", start, values)
        kept = asker.get("/streams/a/rows", params={"limit": 1000, "last": 20 * ROWS}).json()
        assert kept["row"] == list(range(20 * ROWS - 999, 20 * ROWS))
        first = asker.get("/streams/a/rows", params={"limit": 1000, "last": 999}).json()
        assert first["row"] == []


def test_an_observer_is_told_what_is_left_of_the_budget(tmp_path: Path, values: Float64) -> None:
    class Kept:
        def __init__(self) -> None:
            self.told: list[Told] = []

        def committed(self, told: Sequence[Told], seconds: Mapping[str, float]) -> None:
            assert set(seconds) == {"score", "save"}
            self.told += told

    # A judge of one channel begins with the first rows; after them an event costs one.
    rows = np.concatenate([20 + np.random.default_rng(8).normal(size=800), [500.0], values[:2]])
    kept, made = Kept(), service(tmp_path)
    made.observers.append(kept)
    with client(made) as asker:
        post(asker, "a", 0, rows[:800])
        post(asker, "a", 800, rows[800:])
    before, after = (one.credit for one in kept.told)
    assert before is not None
    assert after is not None
    assert before <= 5
    assert after < before - 0.9
    assert (kept.told[1].stream, kept.told[1].first, len(kept.told[1].verdicts)) == ("a", 800, 3)
