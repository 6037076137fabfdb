"""The watch itself: lines in, answers out, and a state that it can go on from."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.events import Event, EventPolicy, EventTracker
from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.detector import Detector, Result
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.watch.lines import Clock, LineReader, Sample

__all__ = ["GAPS", "Watcher"]

GAPS = ("ignore", "fill", "restart")
_LONGEST_FILL = 10_000  # samples; after a longer gap a stream has nothing to go on from
_FILLED = {"filled": True}  # said of a row that stands for a missing sample
_OURS = ("line", "score", "alarm", "warm_up", "missing", "reconstruction", "error")


class Watcher:
    """Answers lines in order, whatever batches they come in.

    lines: how many have come. bad: how many of them could not be read.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        stream_options: Mapping[str, Any],
        columns: Sequence[str] | None,
        fill: bool,
        form: str,
        time: str | None,
        period: float | None,
        gap: str,
        events: EventPolicy,
        only_events: bool,
        strict: bool,
    ) -> None:
        """The options of `stillwatch watch`."""
        names = detector.info.channel_names
        self.lines = self.bad = 0
        self._detector = detector
        self._names = names
        self._options = stream_options
        self._stream = detector.stream(**stream_options)
        self._reader = LineReader(names, columns, fill=fill, form=form, time=time)
        self._clock = Clock(period)
        self._gap = gap
        self._tracker = EventTracker(names, events)
        self._only_events = only_events
        self._strict = strict
        # Of the rows that have no answer yet: what it will say besides the figures.
        self._waiting: deque[dict[str, Any]] = deque()
        self._ready: list[Float64] = []  # read, and not yet in the stream

    def take(self, lines: Sequence[bytes]) -> tuple[bytes, InputError | None]:
        """Returns the answers to lines, and with `strict` the error that ends the watch."""
        out: list[str] = []
        for line in lines:
            self.lines += 1
            try:
                sample = self._reader.read(line)
                if sample is None:
                    continue
                self._accept(sample, out)
            except InputError as error:
                self._advance(out)
                if self._strict:
                    text = "".join(out).encode()
                    return text, InputError(f"line {self.lines}: {error}")
                self.bad += 1
                out.append(_text({"line": self.lines, "error": str(error)}))
        self._advance(out)
        return "".join(out).encode(), None

    def finish(self) -> bytes:
        """Returns the answers of the rows whose window never filled, and ends the stream."""
        out: list[str] = []
        self._end_stream(out)
        return "".join(out).encode()

    def state(self) -> tuple[dict[str, Any], bytes]:
        """Returns what `restore` takes: figures as JSON has them, and the stream's snapshot."""
        figures = {
            "lines": self.lines,
            "bad": self.bad,
            "reader": self._reader.state(),
            "clock": self._clock.last,
            "events": self._tracker.state(),
            "waiting": list(self._waiting),
        }
        return figures, self._stream.snapshot()

    def restore(self, figures: Mapping[str, Any], snapshot: bytes, name: str) -> None:
        """Goes on from a state; raises SnapshotError for one that does not fit."""
        self._stream = self._detector.stream(snapshot)
        try:
            previous = figures["reader"]["previous"]
            if previous is not None:
                previous = np.array(previous, np.float64)
                if previous.shape != (len(self._names),):
                    raise ValueError(f"values of shape {previous.shape}")
            self._reader.restore(figures["reader"], previous)
            self._tracker.restore(figures["events"])
            self._clock.last = figures["clock"]
            self._waiting = deque(figures["waiting"])
            self.lines, self.bad = int(figures["lines"]), int(figures["bad"])
            if len(self._waiting) != self._stream.pending:
                raise ValueError(f"{len(self._waiting)} rows wait, not {self._stream.pending}")
        except (KeyError, TypeError, ValueError, InputError) as error:
            raise SnapshotError(f"{name} does not fit its schema: {error}") from error

    def _accept(self, sample: Sample, out: list[str]) -> None:
        missing = self._clock.missing(sample.seconds)
        said: dict[str, Any] = {"line": self.lines}
        said |= {name: cell for name, cell in sample.through.items() if name not in _OURS}
        if missing:
            said["missing"] = missing
            self._bridge(missing, out)
        self._clock.last = sample.seconds
        self._reader.accept(sample.values)
        self._ready.append(sample.values)
        self._waiting.append(said)

    def _bridge(self, missing: int, out: list[str]) -> None:
        """Does about missing samples what the user chose."""
        if self._gap == "fill" and missing <= _LONGEST_FILL and self._reader.previous is not None:
            self._ready += [self._reader.previous] * missing
            self._waiting.extend([_FILLED] * missing)
        elif self._gap != "ignore":
            self._advance(out)
            self._end_stream(out)
            self._stream = self._detector.stream(**self._options)

    def _end_stream(self, out: list[str]) -> None:
        self._say(self._stream.finish(), out)
        while self._waiting:  # of a stream that never filled its first window
            said = self._waiting.popleft()
            if "line" in said and not self._only_events:
                out.append(_text(said | {"score": None, "alarm": None}))
        for event in self._tracker.finish():
            self._say_event(event, out)

    def _advance(self, out: list[str]) -> None:
        """Gives the stream what was read, and says what it answers."""
        if not self._ready:
            return
        values = np.stack(self._ready)
        self._ready.clear()
        warm_up = self._stream.warm_up
        result = self._stream.extend(values)
        self._say(result, out, warm_up)

    def _say(self, result: Result, out: list[str], warm_up: int = 0) -> None:
        scores, alarms = result.score.tolist(), result.alarm.tolist()
        for i, (score, alarm) in enumerate(zip(scores, alarms, strict=True)):
            said = self._waiting.popleft()
            shown = not self._only_events and "line" in said
            if score != score:  # NaN: a history is filling
                if shown:
                    left = {"score": None, "alarm": None, "warm_up": warm_up - i - 1}
                    out.append(_text(said | left))
                continue
            if shown:
                figures = {
                    "score": _rounded(score),
                    "alarm": alarm,
                    "reconstruction": self._by_name(result.reconstruction[i]),
                    "error": self._by_name(result.error[i]),
                }
                out.append(_text(said | figures))
            for event in self._tracker.update(said, score, alarm, result.error[i]):
                self._say_event(event, out)

    def _say_event(self, event: Event, out: list[str]) -> None:
        if not self._only_events:
            return
        figures: dict[str, Any] = {
            "event": "end" if event.ended else "start",
            "start": event.start,
            "end": event.end,
            "peak": event.peak,
            "score": _rounded(event.score),
            "alarms": event.alarms,
            "channels": {name: round(share, 4) for name, share in event.channels},
        }
        out.append(_text(figures))

    def _by_name(self, figures: Any) -> dict[str, float]:
        return dict(zip(self._names, map(_rounded, figures.tolist()), strict=True))


def _rounded(figure: float) -> float:
    # Nine digits give the same float32 back. JSON has no infinity: the largest float32 serves.
    return min(float(f"{figure:.9g}"), LARGEST)


def _text(answer: Mapping[str, Any]) -> str:
    return json.dumps(answer) + "\n"
