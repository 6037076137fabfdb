"""A broker's messages as a service's streams: scored once, by their times."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.mosquitto import PATIENCE, Mosquitto, missing
from support.mqtt_lives import payloads, until_online
from support.serving import service

from stillwatch.runtime.mqtt.sink import Message
from stillwatch.runtime.serve.broker.engine_sink import EngineSink


def message(value: float, moment: int) -> Message:
    return Message(None, json.dumps({"value": value, "t": moment}).encode())


def test_messages_are_scored_once_by_their_times(tmp_path: Path) -> None:
    with service(tmp_path) as made:
        sink = EngineSink(made, "t")
        first = sink.take({"plant/a": [message(1.0, 1), message(2.0, 2)]})["plant/a"]
        assert [answer["time"] for answer in first] == [1, 2]
        again = sink.take({"plant/a": [message(1.0, 1), message(2.0, 2), message(3.0, 3)]})
        assert [answer["row"] for answer in again["plant/a"]] == [0, 1, 2]  # the same rows
        stored = made.store.stream("plant:a")
        assert stored is not None
        assert json.loads(stored.figures)["rows"] == 3
        assert dict(sink.positions())["plant/a"]["until"] == 3


def test_what_cannot_be_read_is_said_and_the_rest_taken(tmp_path: Path) -> None:
    with service(tmp_path) as made:
        sink = EngineSink(made, "t")
        bad = [Message(None, b"{"), Message(None, b'{"value": 1}'), Message(None, b'{"t": 5}')]
        late = [message(1.0, 9), message(1.0, 8)]
        answers = sink.take({"plant/a": [*bad, *late], "a b": [message(1.0, 1)]})
        assert [("error" in answer) for answer in answers["plant/a"]] == [True] * 4 + [False]
        assert "expected a stream's name" in answers["a b"][0]["error"]


def test_topics_by_channel_are_refused(run: Callable[..., Any], tmp_path: Path) -> None:
    words = ["serve", "nab-rds-online", "--state", tmp_path, "--mqtt", "mqtt://127.0.0.1"]
    done = run(*words, "--topic", "plant/+/{channel}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "a service takes whole rows" in done.stderr


@pytest.mark.peers
@pytest.mark.skipif(missing() is not None, reason=missing() or "")
def test_a_service_that_is_killed_takes_each_message_once(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder)
    state = tmp_path / "state"
    words = [program, "serve", "nab-rds-online", "--port", "0", "--state", state]
    words += ["--mqtt", broker.url, "--topic", "plant/+", "--topic-time", "t"]
    words += ["--verdicts", "none"]

    def begun() -> "subprocess.Popen[str]":
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    served = begun()
    try:
        until_online(broker)
        lines = tmp_path / "lines"
        lines.write_bytes(b"\n".join(payloads(0, 5_000, times=True)) + b"\n")
        publisher = broker.publish("plant/a", lines)
        for _ in range(3):
            time.sleep(1.5)
            served.kill()
            served.communicate()
            served = begun()
        assert publisher.wait(PATIENCE) == 0
        until = time.monotonic() + 2 * PATIENCE
        last = 300 * 4_999
        while json.loads(broker.subscribed("stillwatch/plant/a/state", 1)[0][1])["until"] != last:
            assert time.monotonic() < until
        served.terminate()
        served.communicate(timeout=PATIENCE)
    finally:
        served.kill()
        served.communicate()
        broker.stop()
    with service(state) as made:
        stored = made.store.stream("plant:a")
        assert stored is not None
        assert json.loads(stored.figures)["rows"] == 5_000
