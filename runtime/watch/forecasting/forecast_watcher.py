"""A watch that forecasts: lines in, after each what comes next, and a state to go on from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.stream import ForecastStream
from stillwatch.runtime.watch.answers import as_line, rounded
from stillwatch.runtime.watch.clock import Clock
from stillwatch.runtime.watch.lines import LineReader, Sample
from stillwatch.runtime.watch.options import WatchOptions

__all__ = ["ForecastWatcher"]

# What an answer says of its own: members of a line that go by these names do not pass through.
_OURS = ("line", "missing", "warm_up", "times", "forecast", "low", "high")
_LONGEST_FILL = 10_000  # samples; after a longer gap the stream begins anew


class ForecastWatcher:
    """Answers lines in order, whatever batches they come in, as `Watcher` does.

    lines: how many have come. bad: how many of them could not be read.
    """

    def __init__(self, forecaster: Forecaster, options: WatchOptions) -> None:
        """Raises InputError for options that the forecaster cannot have."""
        info = forecaster.info
        self.lines = self.bad = 0
        self._forecaster, self._options = forecaster, options
        if info.calendar and not options.time:
            raise InputError(
                f"the capsule reads the calendar ({', '.join(info.calendar)}): say which column or "
                "member has the time with --time"
            )
        step = info.step.microseconds / 1e6 if info.step and info.step.microseconds else None
        self._reader = LineReader(
            info.columns, options, fill="forward" in (options.fill, info.missing)
        )
        self._clock = Clock(step if options.time else None)
        self._stream = self._begin()

    def take(self, lines: Sequence[bytes]) -> tuple[bytes, InputError | None]:
        """Returns the answers to lines, and with `strict` the error that ends the watch."""
        out: list[str] = []
        for line in lines:
            self.lines += 1
            try:
                sample = self._read(line)
                if sample is not None:
                    out.append(self._answer(sample))
            except InputError as error:
                if self._options.strict:
                    return "".join(out).encode(), InputError(f"line {self.lines}: {error}")
                self.bad += 1
                out.append(as_line({"line": self.lines, "error": str(error)}))
        return "".join(out).encode(), None

    def finish(self) -> bytes:
        """Returns nothing: every line has had its answer."""
        return b""

    def state(self) -> tuple[dict[str, Any], bytes]:
        """Returns what `restore` takes: figures as JSON has them, and the stream's snapshot."""
        figures = {
            "lines": self.lines,
            "bad": self.bad,
            "reader": self._reader.state(),
            "clock": self._clock.state(),
        }
        return figures, self._stream.snapshot()

    def restore(self, state: Mapping[str, Any], snapshot: bytes, name: str) -> None:
        """Goes on from a state; raises SnapshotError for one that does not fit."""
        self._stream = self._forecaster.stream(snapshot, horizon=self._options.ahead)
        try:
            previous = state["reader"]["previous"]
            if previous is not None:
                previous = np.array(previous, np.float64)
                if previous.shape != (len(self._forecaster.info.columns),):
                    raise ValueError(f"values of shape {previous.shape}")
            self._reader.restore(state["reader"], previous)
            self._clock.restore(state["clock"])
            self.lines, self.bad = int(state["lines"]), int(state["bad"])
        except (
            ArithmeticError,
            AttributeError,
            InputError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:
            raise SnapshotError(f"{name} does not fit its schema: {error}") from error

    def _read(self, line: bytes) -> Sample | None:
        """As the reader; whatever else a line brings about is an error of that line."""
        try:
            return self._reader.read(line)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise InputError(f"expected a line of values, got {line[:80]!r}") from error

    def _begin(self) -> ForecastStream:
        return self._forecaster.stream(horizon=self._options.ahead)

    def _answer(self, sample: Sample) -> str:
        said: dict[str, Any] = {"line": self.lines}
        said |= {name: cell for name, cell in sample.through.items() if name not in _OURS}
        missing = self._clock.missing(sample.seconds)
        now = None
        if sample.seconds is not None:
            now = np.datetime64(round(sample.seconds * 1e6), "us")
        stream = self._stream
        if missing:
            said["missing"] = missing
            stream = self._bridged(missing)
        if now is not None and stream.next_time not in (None, now):
            stream = self._begin()  # off the grid of the rows before: another stretch
        result = stream.update(sample.values, now)
        self._stream = stream
        self._clock.accept(sample.seconds)
        self._reader.accept(sample.values)
        if result is None:
            return as_line(said | {"forecast": None, "warm_up": stream.warm_up})
        return as_line(said | self._figures(result))

    def _bridged(self, missing: int) -> ForecastStream:
        """Returns the stream after missing samples, which the last values fill or nothing does."""
        previous = self._reader.previous
        if self._options.gap != "fill" or previous is None or missing > _LONGEST_FILL:
            return self._begin()
        for _ in range(missing):
            self._stream.update(previous)
        return self._stream

    def _figures(self, result: Forecast) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if result.times is not None:
            said["times"] = [str(time) for time in result.times.astype("datetime64[s]")]
        names = self._forecaster.info.channel_names
        for part, values in (
            ("forecast", result.forecast),
            ("low", result.low),
            ("high", result.high),
        ):
            if values is not None:
                said[part] = _by_name(names, values)
        return said


def _by_name(names: Sequence[str], values: AnyArray) -> dict[str, list[float | None]]:
    """Returns the rows ahead of each channel; None where nothing was measured."""
    return {
        name: [None if np.isnan(figure) else rounded(float(figure)) for figure in values[:, place]]
        for place, name in enumerate(names)
    }
