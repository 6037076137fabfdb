"""The detectors' side of the streams: all that are stepped together, and each one's state."""

from collections.abc import Sequence

from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.result import Result
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.storage.blocks import Blocks
from stillwatch.runtime.serve.streams.watched import Watched
from stillwatch.runtime.streaming.stream import Stream

__all__ = ["Lanes"]


class Lanes:
    """Steps streams of several capsules. The engine thread's alone."""

    def __init__(self, threshold: ThresholdPolicy) -> None:
        """threshold: of all streams, as for `Detector.stream`."""
        self._threshold = threshold
        self._streams: dict[str, Stream] = {}

    def begin(self, stream: Watched) -> None:
        """Gives a new stream its state; raises InputError for a capsule that cannot stream."""
        self._streams[stream.name] = _detector(stream).stream(threshold=self._threshold)

    def restore(self, stream: Watched, state: bytes, digest: str, blocks: Blocks) -> None:
        """Gives a stream the state that it was saved with; of another capsule, from kept rows."""
        del digest, blocks
        self._streams[stream.name] = _detector(stream).stream(state)

    def saved(self, stream: Watched) -> bytes:
        """Returns the stream's state."""
        return self._streams[stream.name].snapshot()

    def forget(self, stream: Watched) -> None:
        """Lets go of a stream, which will be restored from the disk."""
        self._streams.pop(stream.name, None)

    def history(self, stream: Watched) -> int:
        """Returns how many of a stream's first rows have no score."""
        return _detector(stream).info.scaling.history

    def advance(self, asked: Sequence[tuple[Watched, Float64]]) -> list[Result]:
        """Returns the result of each stream's new rows, (T, C)."""
        return [self._streams[stream.name].extend(values) for stream, values in asked]


def _detector(stream: Watched) -> Detector:
    if stream.served.detector is None:
        raise RequestError(400, f"model {stream.served.name!r} forecasts: it has no streams")
    return stream.served.detector
