"""The live feed: verdicts and events as server-sent events, to whoever listens.

A listener that reads too slowly loses what does not fit into its queue, and is told so; nobody
waits for it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from stillwatch.runtime.serve.json_text import as_json
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.streams.observer import Told

__all__ = ["Feed"]

_LONGEST = 1_000  # messages of a queue
_QUIET = 15.0  # seconds after which a comment shows that the connection lives


class _Listener:
    """stream: the one that is listened to, None for all."""

    def __init__(self, stream: str | None, loop: asyncio.AbstractEventLoop) -> None:
        self.stream, self.loop = stream, loop
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(_LONGEST)
        self.lost = 0

    def put(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            if self.lost and self.queue.qsize() < _LONGEST // 2:
                self.queue.put_nowait(_message("lost", {"messages": self.lost}))
                self.lost = 0
            if self.lost or self.queue.full():
                self.lost += 1
            else:
                self.queue.put_nowait(message)


class Feed:
    """An Observer that passes on to listeners in event loops."""

    def __init__(self, most: int) -> None:
        """most: listeners at once."""
        self._most = most
        self._listeners: frozenset[_Listener] = frozenset()
        self._closed = False

    def committed(self, told: Sequence[Told], seconds: Mapping[str, float]) -> None:
        """Passes on; on the engine's thread."""
        del seconds
        for listener in self._listeners:
            heard = [one for one in told if listener.stream in (None, one.stream)]
            messages = [message for one in heard for message in _messages(one)]
            if messages and not listener.loop.is_closed():
                listener.loop.call_soon_threadsafe(listener.put, messages)

    def close(self) -> None:
        """Ends all feeds."""
        self._closed = True

    @contextmanager
    def _listening(self, stream: str | None) -> Iterator[_Listener]:
        listener = _Listener(stream, asyncio.get_running_loop())
        self._listeners |= {listener}
        try:
            yield listener
        finally:
            self._listeners -= {listener}

    def check(self) -> None:
        """Raises RequestError 429 where as many listen as may."""
        if len(self._listeners) >= self._most:
            raise RequestError(429, f"{self._most} feeds are open, as many as may be", retry=10)

    async def listen(self, stream: str | None) -> AsyncIterator[bytes]:
        """Yields what happens from now on, as server-sent events."""
        with self._listening(stream) as listener:
            yield b": stillwatch\n\n"
            quiet = 0.0
            while not self._closed:
                try:
                    yield await asyncio.wait_for(listener.queue.get(), 1.0)
                    quiet = 0.0
                except TimeoutError:
                    quiet += 1.0
                    if quiet >= _QUIET:
                        quiet = 0.0
                        yield b": quiet\n\n"


def _messages(told: Told) -> list[bytes]:
    common = {"stream": told.stream, "model": told.model}
    rows = [
        {"row": told.first + i, **said, "values": values}
        for i, (said, values) in enumerate(zip(told.at, told.values.tolist(), strict=True))
    ]
    result = [_message("samples", common | {"samples": rows})]
    if told.verdicts:
        result.append(_message("verdicts", common | {"verdicts": told.verdicts}))
    return result + [_message("event", common | dict(event)) for event in told.events]


def _message(kind: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), as_json(data))
