"""The signal to stop, as something to wait for beside a file."""

import os
import select
import signal
import time
from types import FrameType, TracebackType
from typing import Self

__all__ = ["StopSignal"]


class StopSignal:
    """SIGTERM as a pipe that becomes readable; the signal is taken over within the `with`.

    given: whether it has come.
    """

    def __init__(self) -> None:
        """Takes nothing over yet."""
        self.given = False

    def __enter__(self) -> Self:
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        self._before = signal.signal(signal.SIGTERM, self._stop)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)
        os.close(self._readable)
        os.close(self._writable)

    def readable(self, descriptor: int, seconds: float | None) -> bool:
        """Whether there is something to read, or the end; False once the signal has come.

        seconds: how long to wait for it, None for as long as it takes.
        """
        if self.given:
            return False
        ready, _, _ = select.select([descriptor, self._readable], [], [], seconds)
        return descriptor in ready and not self.given

    def writable(self, descriptor: int, grace: float) -> bool:
        """Whether a slow reader has room again; False `grace` seconds after the signal."""
        ready: list[int] = []
        if not self.given:
            _, ready, _ = select.select([self._readable], [descriptor], [])
        if not ready and grace > 0:
            until = time.monotonic() + grace
            _, ready, _ = select.select([], [descriptor], [], max(0.0, until - time.monotonic()))
        return bool(ready)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.given = True
        os.write(self._writable, b"x")
