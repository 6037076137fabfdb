"""The watch itself: lines in, answers out, and a state that it can go on from."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.events import Event, EventTracker, rulings
from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.result import Result
from stillwatch.runtime.streaming.stream import Stream
from stillwatch.runtime.watch.answers import OURS, as_line, event_figures, figures
from stillwatch.runtime.watch.clock import Clock
from stillwatch.runtime.watch.influx.line_protocol import as_point
from stillwatch.runtime.watch.lines import LineReader, Sample
from stillwatch.runtime.watch.options import WatchOptions

__all__ = ["Watcher"]

Answer = dict[str, Any]

_LONGEST_FILL = 10_000  # samples; after a longer gap a stream has nothing to go on from
_BLOCK_VALUES = 2**16
_FILLED = {"filled": True}  # said of a row that stands for a missing sample


class Watcher:
    """Answers lines in order, whatever batches they come in.

    lines: how many have come. bad: how many of them could not be read.
    """

    def __init__(self, detector: Detector, options: WatchOptions) -> None:
        """Raises InputError for options that the detector cannot have."""
        names = detector.info.channel_names
        fill = "forward" in (options.fill, detector.info.training.missing)
        self.lines = self.bad = 0
        self._detector = detector
        self._options = options
        self._names = names
        self._stream = self._begin()
        self._reader = LineReader(names, options, fill=fill)
        self._clock = Clock(options.period)
        self._tracker = EventTracker(names, options.events)
        self._as_text = as_point if options.form == "influx" else as_line
        # Of the rows that have no answer yet: what it will say besides the figures.
        self._waiting: deque[dict[str, Any]] = deque()
        self._ready: list[Float64] = []  # read, and not yet in the stream
        self._block = max(1, _BLOCK_VALUES // len(names))  # rows that go into it together at most
        # Rows that have no score because a history fills; a mean that is given needs none.
        self._history = 0 if options.mean is not None else detector.info.scaling.history

    @property
    def until(self) -> float | None:
        """The time of the last sample that was taken, in seconds, None where lines say none."""
        return self._clock.last

    def take(self, lines: Sequence[bytes]) -> tuple[bytes, InputError | None]:
        """Returns the answers to lines, and with `strict` the error that ends the watch."""
        answers, error = self.answer(lines)
        return "".join(map(self._as_text, answers)).encode(), error

    def answer(self, lines: Sequence[bytes]) -> tuple[list[Answer], InputError | None]:
        """As `take`, of answers that are no text yet; those with a "line" are of a row."""
        out: list[Answer] = []
        for line in lines:
            self.lines += 1
            try:
                sample = self._read(line)
                if sample is None:
                    continue
                self._accept(sample, out)
            except InputError as error:
                self._advance(out)
                if self._options.strict:
                    return out, InputError(f"line {self.lines}: {error}")
                self.bad += 1
                out.append({"line": self.lines, "error": str(error)})
        self._advance(out)
        return out, None

    def finish(self) -> bytes:
        """Returns the answers of the rows whose window never filled, and ends the stream."""
        out: list[Answer] = []
        self._end_stream(out)
        return "".join(map(self._as_text, out)).encode()

    def state(self) -> tuple[dict[str, Any], bytes]:
        """Returns what `restore` takes: figures as JSON has them, and the stream's snapshot."""
        state = {
            "lines": self.lines,
            "bad": self.bad,
            "reader": self._reader.state(),
            "clock": self._clock.state(),
            "events": self._tracker.state(),
            "waiting": list(self._waiting),
        }
        return state, self._stream.snapshot()

    def restore(self, state: Mapping[str, Any], snapshot: bytes, name: str) -> None:
        """Goes on from a state; raises SnapshotError for one that does not fit."""
        self._stream = self._detector.stream(snapshot)
        try:
            previous = state["reader"]["previous"]
            if previous is not None:
                previous = np.array(previous, np.float64)
                if previous.shape != (len(self._names),):
                    raise ValueError(f"values of shape {previous.shape}")
            self._reader.restore(state["reader"], previous)
            self._tracker.restore(state["events"])
            self._clock.restore(state["clock"])
            self._waiting = deque(state["waiting"])
            self.lines, self.bad = int(state["lines"]), int(state["bad"])
            if len(self._waiting) != self._stream.pending:
                raise ValueError(f"{len(self._waiting)} rows wait, not {self._stream.pending}")
        except InputError as error:
            raise SnapshotError(f"{name} does not fit its schema: {error}") from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise SnapshotError(f"{name} does not fit its schema: {error}") from error

    def _read(self, line: bytes) -> Sample | None:
        """As the reader; whatever else a line brings about is an error of that line."""
        try:
            return self._reader.read(line)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise InputError(f"expected a line of values, got {line[:80]!r}") from error

    def _begin(self) -> Stream:
        """Returns a stream that has seen nothing."""
        asked = self._options
        return self._detector.stream(
            mean=asked.mean, scale=asked.scale, threshold=asked.threshold, stride=asked.stride
        )

    def _accept(self, sample: Sample, out: list[Answer]) -> None:
        missing = self._clock.missing(sample.seconds)
        said: dict[str, Any] = {"line": self.lines}
        said |= {name: cell for name, cell in sample.through.items() if name not in OURS}
        if missing:
            said["missing"] = missing
            self._bridge(missing, out)
        self._clock.accept(sample.seconds)
        self._reader.accept(sample.values)
        self._ready.append(sample.values)
        self._waiting.append(said)
        if len(self._ready) >= self._block:
            self._advance(out)

    def _bridge(self, missing: int, out: list[Answer]) -> None:
        """Does about missing samples what the user chose."""
        if (
            self._options.gap == "fill"
            and missing <= _LONGEST_FILL
            and self._reader.previous is not None
        ):
            for start in range(0, missing, self._block):
                block = min(self._block, missing - start)
                self._ready += [self._reader.previous] * block
                self._waiting.extend([_FILLED] * block)
                self._advance(out)
        elif self._options.gap != "ignore":
            self._advance(out)
            self._end_stream(out)
            self._stream = self._begin()

    def _end_stream(self, out: list[Answer]) -> None:
        self._say(self._stream.finish(), out)
        while self._waiting:  # of a stream that never filled its first window
            said = self._waiting.popleft()
            if "line" in said and not self._options.only_events:
                out.append(said | {"score": None, "alarm": None})
        for event in self._tracker.finish():
            self._say_event(event, out)

    def _advance(self, out: list[Answer]) -> None:
        """Gives the stream what was read, and says what it answers."""
        if not self._ready:
            return
        values = np.stack(self._ready)
        self._ready.clear()
        warm_up = self._stream.warm_up
        result = self._stream.extend(values)
        self._say(result, out, warm_up)

    def _say(self, result: Result, out: list[Answer], warm_up: int = 0) -> None:
        scores, alarms = result.score.tolist(), result.alarm.tolist()
        judged = rulings(result)
        for i, (score, alarm, ruling) in enumerate(zip(scores, alarms, judged, strict=True)):
            said = self._waiting.popleft()
            shown = not self._options.only_events and "line" in said
            if result.start + i < self._history:
                if shown:
                    left = {"score": None, "alarm": None, "warm_up": warm_up - i - 1}
                    out.append(said | left)
                continue
            error, restored = result.error[i], result.reconstruction[i]
            if shown:
                surprise = None if result.surprise is None else float(result.surprise[i])
                answer = figures(self._names, score, alarm, restored, error, surprise)
                out.append(said | answer)
            if math.isnan(score):  # an alarm, as far from normal as can be said
                score = LARGEST
            for event in self._tracker.update(said, score, alarm, result.blame[i], ruling):
                self._say_event(event, out)

    def _say_event(self, event: Event, out: list[Answer]) -> None:
        if self._options.only_events or self._options.with_events:
            out.append(event_figures(event))
