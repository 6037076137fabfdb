"""Messages into the engine, which knows a repeated one by its time."""

import concurrent.futures
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwatch.runtime.errors import InputError, StillwatchError, TransientError
from stillwatch.runtime.mqtt.connection import ConnectionLostError
from stillwatch.runtime.mqtt.sink import Answer, Message
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.service import Service
from stillwatch.runtime.serve.streams.job import Job, Outcome
from stillwatch.runtime.serve.streams.samples import Samples, samples_of_json
from stillwatch.runtime.watch.clock import read_seconds

__all__ = ["EngineSink"]

_MOST = 10_000  # samples of a message
_AGAIN = 0.05  # seconds until a full queue is tried again
_SAID = ("row", "score", "alarm")  # of the last verdict
_Future = concurrent.futures.Future[Outcome]


class EngineSink:
    """A sink whose samples are on the disk when `take` returns, so that `save` has nothing to do.

    A packet that comes again is not scored again, since its time is not above
    its stream's last one: no ledger need outlive the process.
    """

    hurry = False

    def __init__(self, service: Service, moment: str) -> None:
        """moment: the member that says when a sample was taken."""
        self._service, self._moment = service, moment
        self._last: dict[str, Answer] = {}
        self._moved: set[str] = set()

    def take(self, samples: Mapping[str, Sequence[Message]]) -> dict[str, list[Answer]]:
        """Returns the answers to each stream's messages; raises ConnectionLostError on a full disk.

        Nothing is acknowledged then, and the broker sends it again.
        """
        answers: dict[str, list[Answer]] = {}
        waiting: list[tuple[str, _Future]] = []
        for stream, messages in samples.items():
            try:
                result = self._samples(stream, messages, answers.setdefault(stream, []))
                if result is not None:
                    waiting.append((stream, self._submitted(_name(stream), result)))
            except InputError as error:
                answers[stream].append({"error": str(error)})
        for stream, future in waiting:
            try:
                said = json.loads(future.result().body)
            except TransientError as error:
                raise ConnectionLostError(str(error)) from error
            except (StillwatchError, RequestError) as error:
                answers[stream].append({"error": str(error)})
                continue
            answers[stream] += said["verdicts"] + said["events"]
            if said["verdicts"]:
                self._last[stream] = said["verdicts"][-1]
            self._moved.add(stream)
        return answers

    def save(self, ledger: Mapping[str, Any]) -> None:
        """Does nothing: what was taken is saved."""

    def ledger(self) -> None:
        """Returns None: times tell what comes again."""

    def positions(self) -> Iterator[tuple[str, Answer]]:
        """Yields the streams that were saved since the last call, and the last verdict of each."""
        moved, self._moved = self._moved, set()
        for stream in sorted(moved):
            last = self._last.get(stream, {})
            until = last.get("time")
            said: dict[str, Any] = {"until": None if until is None else read_seconds(until)}
            yield stream, said | {name: last.get(name) for name in _SAID}

    def _submitted(self, stream: str, samples: Samples) -> _Future:
        """Returns the future of samples, once the engine has room for them."""
        job, future = Job.waiting(stream, None, samples)
        while True:
            try:
                self._service.engine.submit(job)
                return future
            except RequestError:
                if not self._service.engine.ready:
                    raise ConnectionLostError("the service ends") from None
                time.sleep(_AGAIN)

    def _samples(
        self, stream: str, messages: Sequence[Message], answers: list[Answer]
    ) -> Samples | None:
        """Returns what can be read of messages, in rising order; complaints go into `answers`."""
        registry = self._service.registry
        model = self._service.model_of(_name(stream)) or registry.names[0]
        names = registry.get(model).channels
        listed: list[Any] = []
        last = float("-inf")
        for message in messages:
            try:
                for line in message.payload.splitlines() or [b""]:
                    sample = _sample(line, names, self._moment)
                    key = samples_of_json(sample, names, _MOST).keys
                    if key is None or key[0] <= last:
                        raise InputError("repeated or late: expected a time above the last one's")
                    last = key[0]
                    listed.append(sample)
            except InputError as error:
                answers.append({"error": str(error)})
        return samples_of_json(listed, names, _MOST) if listed else None


def _name(stream: str) -> str:
    """Returns the service's name of a stream, whose names have no slashes."""
    return stream.replace("/", ":")


def _sample(line: bytes, names: Sequence[str], moment: str) -> dict[str, Any]:
    """Returns a line of JSON as the service takes samples; raises InputError."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected JSON, got {line[:80]!r}") from error
    if not isinstance(document, dict) or moment not in document:
        raise InputError(f"expected an object with a time {moment!r}, got {line[:80]!r}")
    absent = [name for name in names if name not in document]
    if absent:
        raise InputError(f"expected a channel {absent[0]!r}, got {line[:80]!r}")
    return {"values": {name: document[name] for name in names}, "time": document[moment]}
