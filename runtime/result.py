"""What a detector answers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.runtime.alarms.judged import Judged
from stillwatch.runtime.arrays import AnyArray, Bool, Float32, Float64
from stillwatch.runtime.dataframes import Library, build_frame
from stillwatch.runtime.errors import InputError

if TYPE_CHECKING:
    from stillwatch.runtime.report.figure import SeriesFigure

__all__ = ["Origin", "Result"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a result is of: the channels' names, their values, and how it was judged.

    values: (T,) or (T, C), as they came, not a copy. index, library: a
    frame's, where one was given. limit: the score above which an alarm was
    raised, where that is one number; rule: the same in words. model: in words.
    """

    channels: tuple[str, ...]
    values: AnyArray
    model: str
    limit: float | None = None
    rule: str = ""
    index: Any = None
    library: Library | None = None


@dataclass(frozen=True)
class Result:
    """Scores of a series; higher is more anomalous.

    score, alarm: (T,) or (N, T). reconstruction (the sensor's units), error
    (scaled units): the shape of the values. contribution: that shape too, what
    each channel adds to the score; not negative, and its sum over channels.
    Where a rolling policy has no history yet, the figures are NaN and alarm is
    False. start: which row of its stream the first one is. origin: of a whole
    series, what it is of. judged: what the judge says of it, where a budget was
    asked for.
    """

    score: Float32
    alarm: Bool
    reconstruction: Float32
    error: Float32
    contribution: Float32
    start: int = 0
    origin: Origin | None = field(default=None, repr=False, compare=False)
    judged: Judged | None = field(default=None, repr=False)

    @property
    def surprise(self) -> Float64 | None:
        """How rare each row is, in nats, (T,) or (N, T): 7 is once in about a thousand rows.

        NaN where the judge has no history yet; None where no judge was asked.
        """
        return None if self.judged is None else self.judged.surprise

    @property
    def blame(self) -> AnyArray:
        """What each channel added to what raised the alarms, in the shape of `contribution`.

        Of a judge its own parts; else, and while a judge that has no parts yet
        learns, the parts of the score.
        """
        if self.judged is None:
            return self.contribution
        parts = self.judged.parts.reshape(self.contribution.shape)
        return np.where(parts.any(axis=-1, keepdims=True), parts, self.contribution)

    def to_frame(self) -> Any:
        """Returns a data frame, a row a sample: score, alarm and what is by channel.

        Of the library that the values came in, with their index, else of
        pandas. Raises InputError for a batch, ExtraError where pandas is not
        installed.
        """
        if self.score.ndim != 1:
            raise InputError(
                f"expected the result of one series, got a batch of {len(self.score)}: "
                "score_many gives a result for each"
            )
        columns: dict[str, AnyArray] = {"score": self.score, "alarm": self.alarm}
        if self.surprise is not None:
            columns["surprise"] = self.surprise
        for what in ("reconstruction", "error", "contribution"):
            figures = getattr(self, what).reshape(len(self.score), -1)
            for c, name in enumerate(self._names(figures.shape[1])):
                columns[what if figures.shape[1] == 1 else f"{what}_{name}"] = figures[:, c]
        if self.origin is None:
            return build_frame(columns)
        return build_frame(columns, self.origin.index, self.origin.library)

    def plot(self, *, minimum: int = 1, cooldown: int = 0) -> "SeriesFigure":
        """Returns the report's picture of a scored series: a notebook shows it, `save` writes it.

        minimum, cooldown: alarms that make an event, and calm rows that do not
        end it. Raises InputError for a batch or a part of a stream.
        """
        from stillwatch.runtime.report.figure import SeriesFigure  # which draws results

        if self.origin is None:
            raise InputError(
                "expected the result of a whole series, as Detector.score gives it, to draw: a "
                "batch or a chunk of a stream has none"
            )
        return SeriesFigure.of(self, self.origin, minimum=minimum, cooldown=cooldown)

    def _names(self, count: int) -> tuple[str, ...]:
        return self.origin.channels if self.origin else tuple(str(c + 1) for c in range(count))
