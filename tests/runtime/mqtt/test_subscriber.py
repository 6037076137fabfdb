"""The order of things: published, saved, acknowledged; and what a lost connection leaves."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from stillwatch.runtime.mqtt.address import Address
from stillwatch.runtime.mqtt.connection import ConnectionLostError, RefusedError
from stillwatch.runtime.mqtt.ledger import Packet
from stillwatch.runtime.mqtt.options import BrokerOptions, StreamOptions
from stillwatch.runtime.mqtt.sink import Answer, Message
from stillwatch.runtime.mqtt.subscriber import Subscriber
from stillwatch.runtime.mqtt.topics import TopicPattern
from stillwatch.runtime.watch.stop import StopRequest

ADDRESS = Address.parse("mqtt://broker")


class Script:
    """A connection that brings what it is told, and writes down what it is asked."""

    def __init__(self, log: list[Any], steps: Sequence[Any], stop: StopRequest) -> None:
        self._log, self._steps, self._stop = log, list(steps), stop

    def open(self, filters: Sequence[str]) -> bool:
        self._log.append(("open", *filters))
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return bool(step)

    def receive(self, _seconds: float) -> list[Packet]:
        if not self._steps:
            self._stop.give()
            return []
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return list(step)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._log.append(("publish", topic, retain, payload))

    def flush(self) -> None:
        self._log.append(("flush",))

    def acknowledge(self, identifiers: Sequence[int]) -> None:
        self._log.append(("acknowledge", *identifiers))

    def close(self) -> None:
        self._log.append(("close",))


class Counting:
    """A sink that answers with how many messages it has had."""

    hurry = False

    def __init__(self, log: list[Any], held: Mapping[str, Any] | None = None) -> None:
        self._log, self._held, self.count = log, held, 0

    def take(self, samples: Mapping[str, Sequence[Message]]) -> Mapping[str, Sequence[Answer]]:
        answers: dict[str, list[Answer]] = {}
        for stream, messages in samples.items():
            for _ in messages:
                self.count += 1
                answers.setdefault(stream, []).append(
                    {"line": self.count, "score": 1.0, "alarm": self.count == 2}
                )
            answers[stream].append({"event": "start"})
        return answers

    def save(self, ledger: Mapping[str, Any]) -> None:
        self._log.append(("save", self.count))
        self._held = ledger

    def ledger(self) -> Mapping[str, Any] | None:
        return self._held

    def positions(self) -> Iterable[tuple[str, Answer]]:
        yield "plant/a", {"lines": self.count}


def packet(identifier: int, *, again: bool = False) -> Packet:
    return Packet("plant/a", b"1", identifier, again)


def lived(
    steps: Sequence[Any], sink_held: Mapping[str, Any] | None = None, **options: Any
) -> tuple[list[Any], list[str], Counting]:
    """Returns what was done, what was said, and the sink, of one life by a script."""
    log: list[Any] = []
    said: list[str] = []
    streams = StreamOptions(topics=[TopicPattern.parse("plant/+")], save_every=1e9, **options)
    broker = BrokerOptions(address=ADDRESS)
    sink = Counting(log, sink_held)
    with StopRequest() as stop:
        script: Any = Script(log, steps, stop)
        subscriber = Subscriber(sink, script, broker, streams, ("model", "1"))
        subscriber.run(stop, said.append)
    return log, said, sink


def test_answers_are_published_then_saved_and_only_then_acknowledged() -> None:
    log, _, _ = lived([False, [packet(1), packet(2)]])
    names = [step[0] for step in log]
    verdicts = [
        place for place, step in enumerate(log) if step[1:2] == ("stillwatch/plant/a/verdict",)
    ]
    save, acknowledge = names.index("save"), names.index("acknowledge")
    assert len(verdicts) == 2
    flushes = [place for place, name in enumerate(names) if name == "flush"]
    assert any(max(verdicts) < flush < save for flush in flushes)
    assert save < acknowledge
    assert log[acknowledge] == ("acknowledge", 1, 2)
    assert log[-2][:3] == ("publish", "stillwatch/status", True)
    assert log[-2][3] == b"offline"


def test_packets_of_a_lost_connection_are_scored_once_and_acknowledged_in_the_next() -> None:
    steps = [
        False,
        [packet(1), packet(2)],
        ConnectionLostError("gone"),
        True,
        [packet(1, again=True), packet(2, again=True), packet(3)],
    ]
    log, said, sink = lived(steps)
    assert sink.count == 3
    assert ("acknowledge", 1, 2, 3) in log
    assert [step for step in log if step[0] == "acknowledge"] == [("acknowledge", 1, 2, 3)]
    assert said == ["gone; trying again", "connected again to mqtt://broker:1883"]


def test_a_lost_session_is_told() -> None:
    _, said, _ = lived([False], sink_held={"held": []})
    assert said == ["the broker had lost our session: what was published meanwhile is lost"]


def test_a_refusal_ends_it_at_first_and_not_later() -> None:
    with pytest.raises(RefusedError):
        lived([RefusedError("no")])
    _, said, _ = lived([False, ConnectionLostError("gone"), RefusedError("no"), True])
    assert "no; trying again" in said


def test_which_verdicts_are_published() -> None:
    for asked, count in (("all", 2), ("alarms", 1), ("none", 0)):
        log, _, _ = lived([False, [packet(1), packet(2)]], verdicts=asked)
        topics = [step[1] for step in log if step[0] == "publish"]
        assert topics.count("stillwatch/plant/a/verdict") == count
        assert topics.count("stillwatch/plant/a/event") == 1


def test_a_device_is_told_once() -> None:
    log, _, _ = lived([False, [packet(1)], [packet(2)]], discovery="homeassistant")
    told = [step for step in log if step[0] == "publish" and step[1].startswith("homeassistant/")]
    assert len(told) == 1
    content = json.loads(told[0][3])
    assert told[0][2]  # retained
    assert told[0][1] == f"homeassistant/device/{content['device']['identifiers'][0]}/config"
    names = [component["unique_id"] for component in content["components"].values()]
    assert len(set(names)) == len(names) == 3
    assert all(component["platform"] for component in content["components"].values())
    assert content["origin"]["name"] == "stillwatch"
