"""Everything an app is made of, built once."""

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from stillwatch.runtime.errors import StillwatchError
from stillwatch.runtime.serve.access.guard import Guard
from stillwatch.runtime.serve.models.registry import Registry, Served, load_served
from stillwatch.runtime.serve.options import ServeOptions
from stillwatch.runtime.serve.storage.blocks import Blocks
from stillwatch.runtime.serve.storage.store import Store
from stillwatch.runtime.serve.storage.versions import Version, Versions
from stillwatch.runtime.serve.streams.batches import Batch
from stillwatch.runtime.serve.streams.engine import Engine
from stillwatch.runtime.serve.streams.live import Feed
from stillwatch.runtime.serve.streams.observer import Observer

__all__ = ["Service"]

_LOG = logging.getLogger("stillwatch.serve")


class Service:
    """A service that is not listening yet: `with service:` starts and stops the engine.

    store, blocks: connections for reading, of the event loop's thread.
    """

    def __init__(
        self, capsules: Mapping[str, bytes], options: ServeOptions, guard: Guard | None = None
    ) -> None:
        """capsules: bytes by name. guard: None lets anybody ask. Raises StillwatchError."""
        self.options = options
        self.guard = guard or Guard.open()
        self.store = Store(options.folder)
        self._versions = Versions(self.store.connection)
        answering = [self._versions.given(name, content) for name, content in capsules.items()]
        self._numbers = {one.model: one.version for one in answering}
        self.registry = Registry({one.model: _loaded(one) for one in answering})
        self.blocks = Blocks(self.store.connection, options.bounds.kept)
        self.feed = Feed(options.bounds.feeds)
        self._batch = Batch(self.registry, Store(options.folder), options)
        self.engine = Engine(self._batch, options.bounds)
        self.engine.observers.append(self.feed)

    @property
    def observers(self) -> list[Observer]:
        """Who is told of each batch; see `Observer`."""
        return self.engine.observers

    def refresh(self) -> None:
        """Lets versions answer that another process has made or gone back to.

        Streams go on with their next sample, from their kept rows. A version
        that does not load is left alone, and the one before answers.
        """
        for name, number in self._versions.active_numbers().items():
            if name in self._numbers and self._numbers[name] != number:
                self._numbers[name] = number
                try:
                    self.registry.replace(_loaded(self._versions.active(name)))
                except StillwatchError as error:
                    _LOG.error("version %d of %s does not load: %s", number, name, error)

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


def _loaded(version: Version) -> Served:
    return load_served(version.content, version.model, str(version.version))
