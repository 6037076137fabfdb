"""Lines as they come, in bounded memory, until the input ends or a signal says to stop."""

from collections.abc import Iterator

from stillwatch.runtime.watch.lines import LONGEST_LINE
from stillwatch.runtime.watch.sources import Source
from stillwatch.runtime.watch.stop import StopRequest

__all__ = ["Feed"]


class Feed:
    """Lines of a source, in batches of what is there.

    offset: where the line after those handed out begins. patience: how many
    seconds to wait for the next line before saying that there is none, None for
    as long as it takes. A line longer than LONGEST_LINE is handed out as its
    beginning, one byte longer than that.
    """

    def __init__(self, source: Source, stop: StopRequest, *, last_waits: bool) -> None:
        """last_waits: whether a last line without its end is left for the next run."""
        self._source = source
        self._stop = stop
        self._last_waits = last_waits
        self.offset = source.offset
        self.patience: float | None = None

    def batches(self) -> Iterator[list[bytes]]:
        """Yields the lines that are there, an empty list where the next has to be waited for."""
        rest = b""
        begun = 0  # bytes of the line that is not whole yet
        while True:
            if not self._ready(0):
                yield []
                while not self._ready(self.patience):
                    if self._stop.given:
                        return
                    yield []
            chunk = self._source.take()
            if not chunk:
                if begun and not self._last_waits:
                    self.offset += begun
                    yield [rest]
                return
            *ends, last = chunk.split(b"\n")
            lines = []
            for end in ends:
                lines.append((rest + end)[: LONGEST_LINE + 1])
                rest = b""
            rest = (rest + last)[: LONGEST_LINE + 1]
            if lines:
                self.offset += begun + len(chunk) - len(last)
                begun = len(last)
                yield lines
            else:
                begun += len(chunk)
                if begun > 2 * LONGEST_LINE and self._source.shorten(self.offset, rest):
                    begun = len(rest)

    def _ready(self, seconds: float | None) -> bool:
        if self._source.backlog:
            return not self._stop.given
        return self._stop.readable(self._source.descriptor, seconds)
