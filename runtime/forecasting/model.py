"""A forecaster's graph as a function: rows, calendar and state in, forecast and state out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime

from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.errors import CapsuleError, first_line
from stillwatch.runtime.forecasting.calendar import TERM_WIDTH
from stillwatch.runtime.forecasting.info import ForecastInfo

__all__ = ["Answered", "ForecastModel"]


@dataclass(frozen=True)
class Answered:
    """forecast, low, high: (N, H, C); following: (N, T, C), what was expected after each row.

    h, c: the state (layers, N, S) after the values. None for what a graph does not give.
    """

    forecast: Float32
    low: Float32 | None
    high: Float32 | None
    following: Float32 | None
    h: Float32 | None
    c: Float32 | None


class ForecastModel:
    """An open capsule that forecasts. session: onnxruntime's. digest: the capsule's own."""

    def __init__(
        self, session: onnxruntime.InferenceSession, info: ForecastInfo, digest_: str
    ) -> None:
        """Raises CapsuleError where the graph is not what the metadata say."""
        self.session, self.info, self.digest = session, info, digest_
        self._names = [port.name for port in session.get_outputs()]
        expected = {"forecast"} | ({"forecast_low", "forecast_high"} if info.coverage else set())
        expected |= {"next", "h_out", "c_out"} if info.state else set()
        missing = expected - set(self._names)
        if missing:
            raise CapsuleError(f"the capsule lacks the outputs {', '.join(sorted(missing))}")

    @classmethod
    def load(cls, model: str | Path, *, threads: int = 1, sha256: str | None = None) -> Self:
        """Returns the model in a file, or a shipped one; raises InputError and CapsuleError."""
        content = opening.read_bytes(model, sha256=sha256)
        return cls.from_bytes(content, str(model), threads=threads)

    @classmethod
    def from_bytes(cls, content: bytes, name: str, *, threads: int = 1) -> Self:
        """Returns the model in a capsule's bytes; `name` is for messages."""
        digest.check(content, name)
        session, metadata = opening.open_graph(content, name, threads=threads)
        return cls(session, ForecastInfo.from_json(metadata, name), digest.of(content))

    def run(
        self,
        values: Float64,
        calendar: AnyArray | None,
        horizon: int,
        state: tuple[Float32, Float32] | None = None,
    ) -> Answered:
        """Returns what the graph says after values (N, T, C + K).

        calendar: (N or 1, T + horizon, K'). horizon: of a direct forecaster
        its own. state: (layers, N, S) each, zero without one.
        """
        feeds: dict[str, AnyArray] = {"values": values.astype(np.float32)}
        if self.info.calendar and calendar is not None:
            width = TERM_WIDTH * len(self.info.calendar)
            shape = (len(values), values.shape[1] + horizon, width)
            feeds["calendar"] = np.broadcast_to(calendar, shape).astype(np.float32)
        if self.info.state:
            feeds["horizon"] = np.array(horizon, np.int64)
            if state is not None:
                feeds |= {"h": state[0], "c": state[1]}
        try:
            outputs = self.session.run(self._names, feeds)
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise CapsuleError(f"the capsule's graph cannot run: {first_line(error)}") from error
        result: dict[str, Float32] = dict(zip(self._names, outputs, strict=True))
        return Answered(
            forecast=result["forecast"],
            low=result.get("forecast_low"),
            high=result.get("forecast_high"),
            following=result.get("next"),
            h=result.get("h_out"),
            c=result.get("c_out"),
        )
