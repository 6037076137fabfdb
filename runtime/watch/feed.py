"""Lines as they come, in bounded memory, until the input ends or a signal says to stop."""

import os
import select
import signal
from collections.abc import Iterator
from types import FrameType

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.watch.lines import LONGEST_LINE

__all__ = ["Feed", "StopSignal", "write_all"]

_CHUNK = 2**16
_PIPE = select.PIPE_BUF  # what a pipe that is ready takes without making us wait


class StopSignal:
    """SIGTERM as something to wait for beside a file: a pipe that becomes readable."""

    def __init__(self) -> None:
        """Takes the signal over, until `close`."""
        self.readable, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        self._before = signal.signal(signal.SIGTERM, self._stop)
        self.given = False

    def close(self) -> None:
        """Gives the signal back to whom it belonged."""
        signal.signal(signal.SIGTERM, self._before)
        os.close(self.readable)
        os.close(self._writable)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.given = True
        os.write(self._writable, b"x")


class Feed:
    """Lines of a file descriptor, in batches of what is there.

    offset: where the line after those handed out begins. A line longer than
    LONGEST_LINE is handed out as its beginning, one byte longer than that.
    """

    def __init__(self, descriptor: int, stop: StopSignal) -> None:
        """Reads the descriptor until it ends or `stop` is given."""
        self._descriptor = descriptor
        self._stop = stop
        self.offset = 0

    def seek(self, offset: int) -> None:
        """Goes on at an offset of a regular file; raises InputError where it is shorter."""
        size = os.fstat(self._descriptor).st_size
        if size < offset:
            raise InputError(
                f"the input has {size} bytes, {offset} of it were read before: it is another file"
            )
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        self.offset = offset

    def batches(self) -> Iterator[list[bytes]]:
        """Yields the lines that are there, an empty list where the next has to be waited for."""
        rest = b""
        begun = 0  # bytes of the line that is not whole yet
        while True:
            if not self._ready(0):
                yield []
                if not self._ready(None):
                    return
            chunk = os.read(self._descriptor, _CHUNK)
            if not chunk:
                if begun:
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

    def _ready(self, timeout: float | None) -> bool:
        """Whether there is something to read, or the end; False once the signal is given."""
        if self._stop.given:
            return False
        ready, _, _ = select.select([self._descriptor, self._stop.readable], [], [], timeout)
        return self._descriptor in ready and not self._stop.given


def write_all(descriptor: int, content: bytes, stop: StopSignal) -> bool:
    """Writes the content, waiting for a slow reader; False where the signal came first.

    Raises BrokenPipeError where the reader has gone.
    """
    view = memoryview(content)
    while view:
        _, ready, _ = select.select([stop.readable], [descriptor], [])
        if not ready:
            return False
        view = view[os.write(descriptor, view[:_PIPE]) :]
    return True
