"""A sink of its own: a watcher a stream, one file of states, one file of answers."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.mqtt.channel_rows import ChannelRows
from stillwatch.runtime.mqtt.options import StreamOptions
from stillwatch.runtime.mqtt.sink import Answer, Message
from stillwatch.runtime.mqtt.stream_store import StreamStore
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.output import Output
from stillwatch.runtime.watch.passage import Passage
from stillwatch.runtime.watch.stop import StopRequest
from stillwatch.runtime.watch.watcher import Watcher

__all__ = ["Watchers"]

_SAID = ("line", "score", "alarm")  # of the last verdict


class Watchers:
    """Streams that begin with their first message.

    client: the name of our session at a broker, the same for as long as the
    state is. refused: messages of streams past the most that there may be.
    """

    def __init__(
        self, detector: Detector, options: WatchOptions, streams: StreamOptions, stop: StopRequest
    ) -> None:
        """Takes the state, and goes on from it where there is one.

        Raises InputError where it is another watch's, SnapshotError where it
        does not fit, or is of other options.
        """
        self._detector, self._options, self._streams = detector, options, streams
        self._lasting = {**options.lasting, **streams.lasting, "model": detector.model.digest}
        self._watchers: dict[str, tuple[Watcher, ChannelRows]] = {}
        self._changed: set[str] = set()
        self._moved: set[str] = set()  # saved since `positions` were asked for
        self._last: dict[str, Answer] = {}
        self.refused = 0
        self._store = None if streams.state is None else StreamStore(streams.state)
        self._output: Output | None = None
        self.client = f"stillwatch-{secrets.token_hex(8)}"
        self._ledger: Mapping[str, Any] | None = None
        try:
            saved = None if self._store is None else self._store.session()
            if saved is not None:
                self._restore(saved)
            if streams.output is not None:
                self._output = Output(streams.output, stop)
                if saved is not None and saved["output"] is not None:
                    self._output.resume(_passage(saved["output"], self._name))
        except BaseException:
            self.close()
            raise

    @property
    def hurry(self) -> bool:
        """Whether the output is another file by now, which begins with a state of its own."""
        return self._output is not None and self._output.was_renamed()

    def take(self, samples: Mapping[str, Sequence[Message]]) -> dict[str, list[Answer]]:
        """Returns the answers to each stream's messages, which are in the output by then."""
        answers = {}
        for stream, messages in samples.items():
            result = self._watchers.get(stream) or self._begin(stream)
            if result is None:
                self.refused += len(messages)
                continue
            answers[stream] = self._answer(*result, messages)
            self._changed.add(stream)
            for answer in answers[stream]:
                if "score" in answer and "line" in answer:
                    self._last[stream] = answer
        if self._output is not None:
            lines = (
                json.dumps({"stream": stream, **answer}) + "\n"
                for stream, said in answers.items()
                for answer in said
            )
            self._output.write("".join(lines).encode())
        return answers

    def save(self, ledger: Mapping[str, Any]) -> None:
        """Saves the streams that have changed and the ledger, in one transaction."""
        if self._store is None:
            return self._moved.update(self._changed)
        self._save(ledger)
        if self._output is not None and self._output.was_renamed():
            self._output.begin_anew()
            self._save(ledger)
        return None

    def ledger(self) -> Mapping[str, Any] | None:
        """Returns the ledger as it was last saved."""
        return self._ledger

    def positions(self) -> Iterator[tuple[str, Answer]]:
        """Yields each stream that was saved since the last call: how far, and its last verdict."""
        moved, self._moved = self._moved, set()
        for stream in sorted(moved):
            watcher, last = self._watchers[stream][0], self._last.get(stream, {})
            said = {name: last.get(name) for name in _SAID}
            yield stream, {"lines": watcher.lines, "until": watcher.until, **said}

    def close(self) -> None:
        """Lets go of the state and of the output."""
        if self._output is not None:
            self._output.close()
        if self._store is not None:
            self._store.close()

    @property
    def _name(self) -> str:
        return str(self._streams.state)

    def _begin(self, stream: str) -> tuple[Watcher, ChannelRows] | None:
        """Returns a new stream, None past the most that there may be."""
        if len(self._watchers) >= self._streams.most:
            return None
        names = self._options.columns or self._detector.info.channel_names
        made = Watcher(self._detector, self._options), ChannelRows(names, self._options.time)
        self._watchers[stream] = made
        return made

    def _answer(
        self, watcher: Watcher, rows: ChannelRows, messages: Sequence[Message]
    ) -> list[Answer]:
        answers: list[Answer] = []
        lines: list[bytes] = []
        for message in messages:
            if message.channel is None:
                lines += message.payload.splitlines() or [b""]
                continue
            try:
                lines += rows.take(message.channel, message.payload)
            except InputError as error:
                answers += watcher.answer(lines)[0]
                lines = []
                answers.append({"channel": message.channel, "error": str(error)})
        result, _ = watcher.answer(lines)
        return answers + result

    def _save(self, ledger: Mapping[str, Any]) -> None:
        settled = None if self._output is None else self._output.settle()
        session = {
            "options": self._lasting,
            "client": self.client,
            "ledger": ledger,
            "output": settled and settled.as_json(),
        }
        changed = {}
        for stream in self._changed:
            watcher, rows = self._watchers[stream]
            figures, snapshot = watcher.state()
            held = {"watcher": figures, "rows": rows.state(), "last": self._last.get(stream)}
            changed[stream] = held, snapshot
        if self._store is not None:
            self._store.save(session, changed)
        self._moved |= self._changed
        self._changed.clear()

    def _restore(self, saved: Mapping[str, Any]) -> None:
        if saved.get("options") != json.loads(json.dumps(self._lasting)):
            raise SnapshotError(
                f"{self._name} was saved by a watch with another model, other topics or other "
                "options: give the same ones, or another file"
            )
        try:
            self.client, self._ledger = str(saved["client"]), dict(saved["ledger"])
            assert self._store is not None  # noqa: S101  (`saved` came from it)
            for stream, figures, snapshot in self._store.streams():
                made = self._begin(stream)
                if made is None:
                    raise InputError(f"{self._name} has more streams than --most-streams allows")
                made[0].restore(figures["watcher"], snapshot, self._name)
                made[1].restore(figures["rows"])
                if figures["last"] is not None:
                    self._last[stream] = figures["last"]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"{self._name} does not fit its schema: {error}") from error


def _passage(result: Any, name: str) -> Passage:
    try:
        return Passage.parse(result)
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"{name} does not fit its schema: {error}") from error
