"""Everything an app is made of, built once."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from stillwatch.runtime.serve.access.guard import Guard
from stillwatch.runtime.serve.models.registry import Registry, load_served
from stillwatch.runtime.serve.options import ServeOptions
from stillwatch.runtime.serve.storage.blocks import Blocks
from stillwatch.runtime.serve.storage.store import Store
from stillwatch.runtime.serve.streams.batches import Batch
from stillwatch.runtime.serve.streams.engine import Engine
from stillwatch.runtime.serve.streams.live import Feed
from stillwatch.runtime.serve.streams.observer import Observer

__all__ = ["Service"]


class Service:
    """A service that is not listening yet: `with service:` starts and stops the engine.

    store, blocks: connections for reading, of the event loop's thread.
    """

    def __init__(
        self, capsules: Mapping[str, bytes], options: ServeOptions, guard: Guard | None = None
    ) -> None:
        """capsules: bytes by name. guard: None lets anybody ask. Raises StillwatchError."""
        self.options = options
        self.registry = Registry(
            {name: load_served(content, name, "1") for name, content in capsules.items()}
        )
        self.guard = guard or Guard.open()
        self.store = Store(options.folder)
        self.blocks = Blocks(self.store.connection, options.bounds.kept)
        self.feed = Feed(options.bounds.feeds)
        self._batch = Batch(self.registry, Store(options.folder), options)
        self.engine = Engine(self._batch, options.bounds)
        self.engine.observers.append(self.feed)

    @property
    def observers(self) -> list[Observer]:
        """Who is told of each batch; see `Observer`."""
        return self.engine.observers

    def model_of(self, stream: str) -> str | None:
        """Returns the name of the model that a stream is of; None for no such stream."""
        known = self._batch.model_of(stream)
        if known is not None:
            return known
        row = self.store.stream(stream)
        return None if row is None else row.model

    def __enter__(self) -> Self:
        """Starts the engine."""
        self.engine.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Answers what waits, and closes the state."""
        self.feed.close()
        self.engine.stop()
        self.store.close()
        self.guard.close()
