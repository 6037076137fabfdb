"""The thread that takes a broker's messages, for as long as the service runs."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from stillwatch.runtime.errors import StillwatchError
from stillwatch.runtime.mqtt.options import BrokerOptions, StreamOptions
from stillwatch.runtime.mqtt.sink import Sink
from stillwatch.runtime.mqtt.subscriber import subscribe
from stillwatch.runtime.watch.stop import StopRequest

__all__ = ["Worker"]


class Worker:
    """Within its `with` the broker is listened to."""

    def __init__(
        self,
        sink: Sink,
        broker: BrokerOptions,
        streams: StreamOptions,
        about: tuple[str, str],
        say: Callable[[str], None],
    ) -> None:
        """As `subscribe`. say: is told of connections, and of what ends it."""
        self._work = (sink, broker, streams)
        self._about, self._say = about, say
        self._stop = StopRequest()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def __enter__(self) -> Self:
        """Begins to listen."""
        self._stop.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Returns once what was taken is acknowledged and the broker was told."""
        self._stop.give()
        self._thread.join()
        self._stop.__exit__(kind, error, at)

    def _run(self) -> None:
        sink, broker, streams = self._work
        try:
            subscribe(sink, broker, streams, self._stop, about=self._about, say=self._say)
        except StillwatchError as error:
            self._say(f"{error}; no longer listening to {broker.address}")
