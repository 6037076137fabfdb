"""The detectors' side of the streams: a pool a capsule, and each stream's place in its own."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.result import Result
from stillwatch.runtime.serve.models.registry import Served
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.storage.blocks import Blocks
from stillwatch.runtime.serve.streams.watched import Watched
from stillwatch.runtime.streaming.pool import Pool

__all__ = ["Lanes"]


class Lanes:
    """Steps streams of several capsules. The engine thread's alone."""

    def __init__(self, threshold: ThresholdPolicy, blocks: Blocks) -> None:
        """threshold: of all streams, as for `Detector.stream`. blocks: the rows that are kept."""
        self._threshold, self._blocks = threshold, blocks
        self._pools: dict[str, Pool] = {}  # by digest
        self._places: dict[str, tuple[Pool, int]] = {}
        self._owed: dict[str, Float64] = {}  # rows that a new capsule has yet to answer

    def begin(self, stream: Watched) -> None:
        """Gives a new stream its place; raises InputError for a capsule that cannot stream."""
        pool = self._pool(stream.served)
        self._places[stream.name] = (pool, pool.add())

    def restore(self, stream: Watched, state: bytes, digest: str) -> None:
        """Gives a stream the state that it was saved with.

        One of another capsule, by its digest, begins from the kept rows.
        """
        self.begin(stream)
        if digest == stream.served.digest:
            pool, place = self._places[stream.name]
            pool.restore(place, state)
        else:
            self._replay(stream)

    def move(self, stream: Watched, served: Served) -> None:
        """Lets another capsule answer a stream from its next row on; none is lost."""
        self.forget(stream)
        stream.served = served
        self.begin(stream)
        self._replay(stream)

    def saved(self, streams: Sequence[Watched]) -> list[bytes]:
        """Returns the streams' states."""
        result: dict[str, bytes] = {}
        for pool, some in self._by_pool([stream.name for stream in streams]).items():
            places = [self._places[name][1] for name in some]
            result |= zip(some, pool.saved(places), strict=True)
        return [result[stream.name] for stream in streams]

    def credits(self, streams: Sequence[Watched]) -> dict[str, float]:
        """Returns what is left of the streams' budgets, in events, of those that have one."""
        result: dict[str, float] = {}
        for pool, some in self._by_pool([stream.name for stream in streams]).items():
            left = pool.credits([self._places[name][1] for name in some])
            result |= zip(some, left or (), strict=False)
        return result

    def forget(self, stream: Watched) -> None:
        """Lets go of a stream, which will be restored from the disk."""
        self._owed.pop(stream.name, None)
        held = self._places.pop(stream.name, None)
        if held is not None:
            held[0].remove(held[1])

    def advance(self, asked: Sequence[tuple[Watched, Float64]]) -> list[Result]:
        """Returns the result of each stream's new rows, (T, C)."""
        rows = {stream.name: values for stream, values in asked}
        for name in self._owed.keys() & rows.keys():
            rows[name] = np.concatenate([self._owed.pop(name), rows[name]])
        results: dict[str, Result] = {}
        for pool, some in self._by_pool(list(rows)).items():
            places = [self._places[name][1] for name in some]
            results |= zip(some, pool.advance(places, [rows[name] for name in some]), strict=True)
        return [results[stream.name] for stream, _ in asked]

    def _by_pool(self, names: Sequence[str]) -> dict[Pool, list[str]]:
        result: dict[Pool, list[str]] = defaultdict(list)
        for name in names:
            result[self._places[name][0]].append(name)
        return result

    def _pool(self, served: Served) -> Pool:
        if served.detector is None:
            raise RequestError(400, f"model {served.name!r} forecasts: it has no streams")
        value = self._pools.get(served.digest)
        if value is None:
            value = self._pools[served.digest] = Pool(served.detector.model, self._threshold)
        return value

    def _replay(self, stream: Watched) -> None:
        """Shows a new capsule the kept rows that had their answer; the others it will answer."""
        pool, place = self._places[stream.name]
        info = pool.model.info
        wanted = info.scaling.history + (2 * info.window if info.state else info.window)
        waiting = len(stream.waiting)
        answered = stream.rows - waiting
        first = max(0, answered - wanted)
        kept = self._blocks.rows(stream.name, first, stream.rows - 1, len(info.channels))
        seen, owed = kept.values[: len(kept.row) - waiting], kept.values[len(kept.row) - waiting :]
        if len(kept.row) >= waiting and len(seen) and (info.state or len(seen) >= info.window):
            pool.advance([place], [seen])
        if len(owed) == waiting and waiting:
            self._owed[stream.name] = owed
        elif waiting:  # their values are kept no more
            stream.waiting.clear()
        pool.begin_at(place, stream.rows - len(stream.waiting))
