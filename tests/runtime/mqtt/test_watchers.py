"""Streams over one capsule, and the file of their states."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.series import cpu_like

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.mqtt.options import StreamOptions
from stillwatch.runtime.mqtt.sink import Message
from stillwatch.runtime.mqtt.topics import TopicPattern
from stillwatch.runtime.mqtt.watchers import Watchers
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.stop import StopRequest

OPTIONS = WatchOptions(form="json", time="t", with_events=True)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("nab-rds-online")


@pytest.fixture
def stop() -> Iterator[StopRequest]:
    with StopRequest() as request:
        yield request


def streams(folder: Path, **more: object) -> StreamOptions:
    topics = [TopicPattern.parse("plant/+")]
    given = {"topics": topics, "state": folder / "state", "output": folder / "out"} | more
    return StreamOptions(**given)  # type: ignore[arg-type]


def messages(start: int, stop: int) -> list[Message]:
    values = cpu_like(0, 700)
    return [
        Message(None, json.dumps({"value": float(values[i]), "t": 300 * i}).encode())
        for i in range(start, stop)
    ]


def test_a_state_goes_on_and_cuts_the_output_back(
    detector: Detector, stop: StopRequest, tmp_path: Path
) -> None:
    whole = Watchers(detector, OPTIONS, streams(tmp_path / "whole", state=None, output=None), stop)
    expected = whole.take({"plant/a": messages(0, 700)})["plant/a"]

    first = Watchers(detector, OPTIONS, streams(tmp_path), stop)
    first.take({"plant/a": messages(0, 400), "plant/b": messages(0, 3)})
    first.save({"held": [[1, "x"]]})
    first.take({"plant/a": messages(400, 450)})  # and killed before it is saved
    first.close()

    second = Watchers(detector, OPTIONS, streams(tmp_path), stop)
    assert second.client == first.client
    assert second.ledger() == {"held": [[1, "x"]]}
    second.take({"plant/a": messages(400, 700)})
    second.save({"held": []})
    assert dict(second.positions())["plant/a"]["until"] == 300 * 699
    second.close()
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    found = [line for line in lines if line.pop("stream") == "plant/a"]
    assert found == expected


def test_repeated_times_are_not_scored(
    detector: Detector, stop: StopRequest, tmp_path: Path
) -> None:
    watchers = Watchers(detector, OPTIONS, streams(tmp_path), stop)
    watchers.take({"plant/a": messages(0, 10)})
    again = watchers.take({"plant/a": messages(5, 12)})["plant/a"]
    assert ["error" in answer for answer in again] == [True] * 5 + [False] * 2
    watchers.close()


def test_streams_past_the_most_are_dropped(
    detector: Detector, stop: StopRequest, tmp_path: Path
) -> None:
    watchers = Watchers(detector, OPTIONS, streams(tmp_path, most=1), stop)
    answers = watchers.take({"plant/a": messages(0, 1), "plant/b": messages(0, 2)})
    assert list(answers) == ["plant/a"]
    assert watchers.refused == 2
    watchers.close()


def test_messages_by_channel(detector: Detector, stop: StopRequest, tmp_path: Path) -> None:
    watchers = Watchers(detector, OPTIONS, streams(tmp_path), stop)
    sent = [Message("value", b'{"value": 1, "t": 1}'), Message("level", b"1")]
    answers = watchers.take({"plant/a": sent})["plant/a"]
    assert [answer.get("line") for answer in answers] == [1, None]
    assert "expected a channel value" in answers[1]["error"]
    watchers.close()


def test_states_that_are_not_ours(detector: Detector, stop: StopRequest, tmp_path: Path) -> None:
    held = Watchers(detector, OPTIONS, streams(tmp_path), stop)
    held.take({"plant/a": messages(0, 10)})
    held.save({"held": []})
    with pytest.raises(InputError, match="another watch has"):
        Watchers(detector, OPTIONS, streams(tmp_path), stop)
    held.close()
    other = WatchOptions(form="json", time="t", with_events=True, gap="fill", period=300)
    with pytest.raises(SnapshotError, match="other options"):
        Watchers(detector, other, streams(tmp_path), stop)
    with sqlite3.connect(tmp_path / "state") as base:
        base.execute("UPDATE streams SET snapshot = x'00'")
    base.close()
    with pytest.raises(SnapshotError, match="expected a stillwatch snapshot"):
        Watchers(detector, OPTIONS, streams(tmp_path), stop)
    with sqlite3.connect(tmp_path / "state") as base:
        base.execute("PRAGMA user_version = 9")
    base.close()
    with pytest.raises(SnapshotError, match="has schema 9"):
        Watchers(detector, OPTIONS, streams(tmp_path), stop)
    (tmp_path / "state").write_bytes(b"stillwatch snapshot\n" * 100)
    with pytest.raises(SnapshotError, match="no state of MQTT streams"):
        Watchers(detector, OPTIONS, streams(tmp_path), stop)
