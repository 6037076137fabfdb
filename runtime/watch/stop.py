"""The wish to stop, as something to wait for beside a file: of another thread, or by a signal."""

import os
import select
import signal
import time
from types import FrameType, TracebackType
from typing import Self

__all__ = ["StopRequest", "StopSignal"]


class StopRequest:
    """A wish to stop that any thread may give, as a pipe that becomes readable by it.

    given: whether it has come. descriptor: is readable from then on, within the `with`.
    """

    def __init__(self) -> None:
        """Opens nothing yet."""
        self.given = False
        self.descriptor = -1

    def __enter__(self) -> Self:
        self.descriptor, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
        os.close(self._writable)

    def give(self) -> None:
        """Asks whoever waits to stop."""
        self.given = True
        os.write(self._writable, b"x")

    def wait(self, seconds: float) -> bool:
        """Whether the wish has come, or comes within so many seconds."""
        if not self.given:
            select.select([self.descriptor], [], [], seconds)
        return self.given

    def readable(self, descriptor: int, seconds: float | None) -> bool:
        """Whether there is something to read, or the end; False once the signal has come.

        seconds: how long to wait for it, None for as long as it takes.
        """
        if self.given:
            return False
        ready, _, _ = select.select([descriptor, self.descriptor], [], [], seconds)
        return descriptor in ready and not self.given

    def writable(self, descriptor: int, grace: float) -> bool:
        """Whether a slow reader has room again; False `grace` seconds after the signal."""
        ready: list[int] = []
        if not self.given:
            _, ready, _ = select.select([self.descriptor], [descriptor], [])
        if not ready and grace > 0:
            until = time.monotonic() + grace
            _, ready, _ = select.select([], [descriptor], [], max(0.0, until - time.monotonic()))
        return bool(ready)


class StopSignal(StopRequest):
    """SIGTERM as a wish to stop; the signal is taken over within the `with`."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._before = signal.signal(signal.SIGTERM, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)
        super().__exit__(kind, error, trace)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.give()
