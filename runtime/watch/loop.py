"""The watch as a whole: from a descriptor of lines to answers and a state on disk."""

import os
import stat
import sys
import time
from collections.abc import Sequence

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import SnapshotError
from stillwatch.runtime.watch.feed import Feed, StopSignal
from stillwatch.runtime.watch.journal import Output, load_state, save_state
from stillwatch.runtime.watch.options import WatchFiles, WatchOptions
from stillwatch.runtime.watch.watcher import Watcher

__all__ = ["watch_lines"]


def watch_lines(
    detector: Detector, options: WatchOptions, files: WatchFiles, descriptor: int = 0
) -> int:
    """Returns how many lines could not be read, once the input has ended or SIGTERM has come.

    descriptor: where lines come from, by default standard input. Takes SIGTERM
    over meanwhile, so it is to be called in the main thread. Raises InputError
    and SnapshotError.
    """
    stop = StopSignal()
    try:
        loop = _Loop(detector, options, files, descriptor, stop)
        loop.run()
        return loop.watcher.bad
    finally:
        stop.close()


class _Loop:
    """Feeds a watcher, writes what it answers, and saves the state when it is time."""

    def __init__(
        self,
        detector: Detector,
        options: WatchOptions,
        files: WatchFiles,
        descriptor: int,
        stop: StopSignal,
    ) -> None:
        self._files = files
        self._options = options
        self._stop = stop
        self._regular = stat.S_ISREG(os.fstat(descriptor).st_mode)  # its lines can be read again
        saved = load_state(files.state) if files.state else None
        self.watcher = Watcher(detector, options)
        self._output = Output(files.output, stop)
        self._feed = Feed(descriptor, stop)
        self._skip = 0  # lines that were answered before
        if saved is not None:
            self._go_on(*saved)
        self._saved_lines = -1
        self._saved = time.monotonic()

    def run(self) -> None:
        """Answers lines until the input ends, or until it is told to stop."""
        # What a pipe gave is gone from it: the less of it is unsaved, the less a kill can lose.
        again = self._regular or self._files.replay
        often = self._files.save_every if again else 0.0
        try:
            for lines in self._feed.batches():
                if not lines:
                    self._save()
                elif self._answer(lines):
                    self._save(after=often)
                else:
                    return  # the reader stands still: the state has none of these
            if not self._files.state and not self._stop.given:
                self._output.write(self.watcher.finish())
            self._save()
        finally:
            self._output.close()

    def _answer(self, lines: Sequence[bytes]) -> bool:
        """Writes the answers to lines; False where the signal to stop came first.

        With `strict` those before a bad line; then raises its error.
        """
        content, error = self.watcher.take(lines[self._skip :])
        self._skip = max(0, self._skip - len(lines))
        whole = self._output.write(content)
        if error is not None:
            raise error
        return whole

    def _go_on(self, state: dict[str, object], snapshot: bytes) -> None:
        """Goes on from a saved state; says where."""
        if state.get("options") != self._options.lasting:
            raise SnapshotError(
                f"{self._files.state} was saved by a watch with other options: give the same ones, "
                "or another file"
            )
        self.watcher.restore(state, snapshot, str(self._files.state))
        written, read = state["written"], state["read"]
        self._output.cut_back(written if isinstance(written, int) else None)
        print(f"stillwatch: going on after line {self.watcher.lines}", file=sys.stderr)
        if self._files.replay:
            self._skip = self.watcher.lines
        elif self._regular and isinstance(read, int):
            self._feed.seek(read)

    def _save(self, after: float = 0.0) -> None:
        """Saves the state if it has changed, and the last save is so many seconds ago."""
        now = time.monotonic()
        if self._files.state is None or self.watcher.lines == self._saved_lines:
            return
        if now - self._saved < after:
            return
        state, snapshot = self.watcher.state()
        state |= {
            "options": self._options.lasting,
            "written": self._output.settle(),
            "read": self._feed.offset if self._regular else None,
        }
        save_state(self._files.state, state, snapshot)
        self._saved_lines, self._saved = self.watcher.lines, now
