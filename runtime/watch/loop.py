"""The watch as a whole: from a descriptor of lines to answers and a state on disk."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.watch.feed import Feed
from stillwatch.runtime.watch.forecasting.forecast_watcher import ForecastWatcher
from stillwatch.runtime.watch.intake import Intake
from stillwatch.runtime.watch.journal import StateFile
from stillwatch.runtime.watch.options import WatchFiles, WatchOptions
from stillwatch.runtime.watch.output import Output
from stillwatch.runtime.watch.passage import Passage
from stillwatch.runtime.watch.replayed import Answered
from stillwatch.runtime.watch.stop import StopSignal
from stillwatch.runtime.watch.watcher import Watcher

__all__ = ["watch_lines"]

Say = Callable[[str], None]


def watch_lines(
    detector: Detector | Forecaster,
    options: WatchOptions,
    files: WatchFiles,
    *,
    descriptor: int = 0,
    say: Say = lambda _text: None,
) -> int:
    """Returns how many lines could not be read, once the input has ended or SIGTERM has come.

    detector: what scores the lines, or forecasts after each. descriptor: where
    lines come from, by default standard input. say: is told where the watch
    goes on, in one line. Takes SIGTERM over meanwhile, so it is to be called
    in the main thread. Raises InputError, SnapshotError, and TransientError
    where the same call may do later.
    """
    with StopSignal() as stop:
        loop = _Loop(detector, options, files, stop)
        try:
            loop.open(descriptor, say)
            loop.run()
        finally:
            loop.close()
        return loop.watcher.bad


class _Loop:
    """Feeds a watcher, writes what it answers, and saves the state when it is time."""

    def __init__(
        self,
        detector: Detector | Forecaster,
        options: WatchOptions,
        files: WatchFiles,
        stop: StopSignal,
    ) -> None:
        self._options, self._files, self._stop = options, files, stop
        self.watcher: Watcher | ForecastWatcher = (
            ForecastWatcher(detector, options)
            if isinstance(detector, Forecaster)
            else Watcher(detector, options)
        )
        self._state = StateFile(files.state) if files.state else None
        self._answered = Answered()
        self._skip = 0  # lines that were answered before
        self._digest: bytes | None = None  # of these
        self._known = True  # whether the digest has all lines in it
        self._saved = (-1, 0)  # lines and bytes owed, as of the last save
        self._saved_at = time.monotonic()
        self._owed = b""  # of the answers, what a slow reader has not taken yet
        self._output: Output | None = None

    def open(self, descriptor: int, say: Say) -> None:
        """Takes the state, and goes on from it where there is one; says where."""
        document = self._state.load() if self._state else None
        state: Mapping[str, Any] = {}
        if document is not None:
            state, snapshot = document
            self._check(state)
            self.watcher.restore(state, snapshot, str(self._files.state))
        self._output = Output(self._files.output, self._stop)
        try:
            self._intake = Intake(descriptor, self._files, _input(state))
            known = self._go_on(state, self._output)
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"{self._files.state} does not fit its schema: {error}") from error
        if document is not None:
            say(f"going on after line {self.watcher.lines + self._intake.waiting}")
            if not known:
                say("the output of before was moved away: its last answers may come twice")
        self._feed = Feed(self._intake.source, self._stop, last_waits=self._intake.last_waits)

    def run(self) -> None:
        """Answers lines until the input ends, or until it is told to stop."""
        self._save(anyway=True)  # before the first answer: a kill finds a place to go on from
        feed = self._feed
        whole = self._send(self._owed)
        for lines in feed.batches() if whole else ():
            if lines and not self._answer(lines):
                break  # the reader stands still
            feed.patience = self._save_when_due()
        if self._skip and not self._stop.given:
            raise InputError(
                f"the input ended after {self._answered.lines} lines, {self._skip} were answered "
                "before: it is another one"
            )
        if self._state is None and not self._stop.given:
            self._send(self.watcher.finish())
        self._save()
        self._intake.close(feed.offset)

    def close(self) -> None:
        """Lets go of output and state."""
        if self._output is not None:
            self._output.close()
        if self._state is not None:
            self._state.close()

    def _check(self, state: Mapping[str, Any]) -> None:
        saved, own = state.get("options"), self._options.lasting
        if not isinstance(saved, dict) or {**WatchOptions().lasting, **saved} != own:
            raise SnapshotError(
                f"{self._files.state} was saved by a watch with other options: give the same ones, "
                "or another file"
            )

    def _go_on(self, state: Mapping[str, Any], output: Output) -> bool:
        """Takes up a saved state; False where the output of before cannot be found."""
        if not state:
            return True
        self._owed = state.get("owed", "").encode()
        digest = state.get("answered")
        if self._files.replay:
            self._skip = self.watcher.lines
            self._digest = None if digest is None else bytes.fromhex(digest)
        else:
            self._answered.lines = self.watcher.lines
            self._known = digest is not None
            self._answered.digest = bytes.fromhex(digest or "")
        if isinstance(state.get("written"), int):  # of a stillwatch before 0.2
            output.cut_back(state["written"])
        elif state.get("output") is not None:
            return output.resume(Passage.parse(state["output"]))
        return True

    def _answer(self, lines: Sequence[bytes]) -> bool:
        """Writes the answers to lines; False where the signal to stop came first.

        With `strict` those before a bad line; then raises its error.
        """
        if self._skip:
            lines = self._answered.skipped(lines, self._skip, self._digest)
            if self._answered.lines == self._skip:
                self._skip = 0
        if self._output and self._output.was_renamed():
            self._save()
            self._output.begin_anew()
            self._save(anyway=True)
        if self._state is not None:
            self._answered.take(lines)
        content, error = self.watcher.take(lines)
        whole = self._send(content)
        if error is not None:
            raise error
        return whole

    def _send(self, content: bytes) -> bool:
        """Writes answers; what is not written is owed."""
        assert self._output is not None  # noqa: S101  (it is open)
        self._owed = content[self._output.write(content) :]
        return not self._owed

    def _save_when_due(self) -> float | None:
        """Saves the state if the last time is long enough ago; else returns the seconds until."""
        if not self._changed:
            return None
        left = self._saved_at + self._files.save_every - time.monotonic()
        if left > 0:
            return left
        self._save()
        return None

    @property
    def _changed(self) -> bool:
        own = (self.watcher.lines, len(self._owed))
        return self._state is not None and self._saved != own

    def _save(self, *, anyway: bool = False) -> None:
        """Saves the state where it has changed."""
        if self._state is None or self._output is None or self._skip:
            return
        if not (self._changed or anyway):
            return
        settled = self._output.settle()
        figures, snapshot = self.watcher.state()
        figures |= {
            "options": self._options.lasting,
            "output": settled and settled.as_json(),
            "input": self._intake.note(self._feed.offset),
            "answered": self._answered.digest.hex() if self._known else None,
            "owed": self._owed.decode(),
        }
        self._state.save(figures, snapshot)
        self._intake.saved(self._feed.offset)
        self._saved = (self.watcher.lines, len(self._owed))
        self._saved_at = time.monotonic()


def _input(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what a state says of the input."""
    read = state.get("read")
    if isinstance(read, int):  # of a stillwatch before 0.2
        return {"file": Passage(length=read, device=0, inode=0, head="", tail="").as_json()}
    return dict(state.get("input") or {})
