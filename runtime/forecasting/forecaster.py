"""The forecaster: a capsule that says what comes after a series."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.calendar import calendar_terms
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.forecasting.info import ForecastInfo
from stillwatch.runtime.forecasting.model import ForecastModel
from stillwatch.runtime.forecasting.times import Step, step_of
from stillwatch.runtime.scoring.inputs import as_array, as_named_batch, check_threads

if TYPE_CHECKING:
    from stillwatch.runtime.forecasting.stream import ForecastFleet, ForecastStream

__all__ = ["Forecaster"]

_MOST_AHEAD = 100_000  # rows, of a forecaster that is fed its own answers
_TOO_FEW = 2  # times, to tell a step from


class Forecaster:
    """A loaded capsule that forecasts; immutable, and safe for several threads at once.

    info: what the capsule says of itself.
    """

    def __init__(self, model: ForecastModel) -> None:
        """Use `load`."""
        self.model = model
        self.info: ForecastInfo = model.info

    @classmethod
    def load(cls, model: str | Path, *, threads: int = 1, sha256: str | None = None) -> Self:
        """Returns the forecaster in a file, or a shipped one.

        threads: of onnxruntime. sha256: the digest that the whole file must
        have. Raises InputError where there is no such file, CapsuleError where
        it is damaged or no forecaster.
        """
        check_threads(threads)
        return cls(ForecastModel.load(model, threads=threads, sha256=sha256))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "the capsule", *, threads: int = 1) -> Self:
        """Returns the forecaster in a capsule's bytes; `name` is for messages."""
        check_threads(threads)
        return cls(ForecastModel.from_bytes(content, name, threads=threads))

    def forecast(
        self,
        values: npt.ArrayLike,
        *,
        horizon: int | None = None,
        times: npt.ArrayLike | None = None,
    ) -> Forecast:
        """Returns what comes after the last row of values.

        values: (T, C + K), or (N, T, C + K) of several series, channels and
        then covariates in the capsule's order; (T,) will do for one column.
        horizon: rows ahead, by default the trained horizon; a direct
        forecaster has no more. times: (T,) datetime64 of the rows, wanted
        where the capsule reads the calendar. Raises InputError.
        """
        raw = as_array(values)
        rows = as_named_batch(raw, self.info.columns)
        ahead = self.check_horizon(horizon)
        if self.info.strategy == "direct" and rows.shape[1] < self.info.lookback:
            raise InputError(
                f"expected at least {self.info.lookback} rows, the capsule's lookback, got "
                f"{rows.shape[1]}"
            )
        run = self.info.horizon if self.info.strategy == "direct" else ahead
        when = self.check_times(times, rows.shape[1])
        if self.info.strategy == "direct":
            rows = rows[:, -self.info.lookback :]
        following = None if when is None else self.step_after(when).after(when[-1], run)
        result = self.model.run(rows, self.calendar(when, following, rows.shape[1]), run)
        answer = Forecast(
            result.forecast[:, :ahead],
            None if result.low is None else result.low[:, :ahead],
            None if result.high is None else result.high[:, :ahead],
            None if following is None else following[:ahead],
        )
        return answer if raw.ndim == 3 else answer.of_series(0)

    def stream(self, saved: bytes | None = None, *, horizon: int | None = None) -> "ForecastStream":
        """Returns a stream that forecasts after every sample; saved: a snapshot to go on from."""
        from stillwatch.runtime.forecasting.stream import ForecastStream  # it builds on this

        return ForecastStream(self.fleet(1, saved, horizon=horizon))

    def fleet(
        self, streams: int, saved: bytes | None = None, *, horizon: int | None = None
    ) -> "ForecastFleet":
        """Returns that many streams that step together; saved: a snapshot to go on from."""
        from stillwatch.runtime.forecasting.stream import ForecastFleet  # it builds on this

        if streams < 1:
            raise InputError(f"expected at least one stream, got {streams}")
        if saved is not None:
            return ForecastFleet.restored(self, saved, streams, horizon=horizon)
        return ForecastFleet(self, streams, horizon=self.check_horizon(horizon))

    def check_horizon(self, horizon: int | None) -> int:
        """Returns how many rows ahead to forecast; raises InputError for none, or too many."""
        ahead = self.info.horizon if horizon is None else horizon
        direct = self.info.strategy == "direct"
        most = self.info.horizon if direct else _MOST_AHEAD
        if not 1 <= ahead <= most:
            raise InputError(
                f"expected a horizon of 1 to {most} rows, got {ahead}"
                + ("; train with a longer --horizon" if direct and ahead > most else "")
            )
        return ahead

    def check_times(self, times: npt.ArrayLike | None, rows: int) -> AnyArray | None:
        """Returns times (T,) as datetime64[us], or None; raises InputError for unfit ones."""
        if times is None:
            if self.info.calendar:
                raise InputError(
                    f"the capsule reads the calendar ({', '.join(self.info.calendar)}): give the "
                    "times of the rows"
                )
            return None
        try:
            when = np.asarray(times).astype("datetime64[us]")
        except (TypeError, ValueError) as error:
            raise InputError(f"expected times as datetime64: {error}") from error
        if when.shape != (rows,) or np.isnat(when).any():
            raise InputError(f"expected a time for each of {rows} rows, got shape {when.shape}")
        step = self.info.step
        result = step_of(when, "times") if len(when) > _TOO_FEW or step is None else step
        if step is not None and result != step:
            raise InputError(
                f"expected rows {step} apart, as in training, got rows {result} apart: resample "
                "the series, or train on one like it"
            )
        return when

    def step_after(self, when: AnyArray) -> Step:
        """Returns the step from one row to the next."""
        return self.info.step or step_of(when, "times")

    def calendar(
        self, when: AnyArray | None, following: AnyArray | None, rows: int
    ) -> AnyArray | None:
        """Returns the calendar of the last rows and of those ahead; None where none is read."""
        if when is None or following is None or not self.info.calendar:
            return None
        return calendar_terms(np.concatenate([when[-rows:], following]), self.info.calendar)
