"""A forecast as JSON: a series in, the rows ahead out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.inference.tensors import to_json
from stillwatch.runtime.serve.models.registry import Served
from stillwatch.runtime.serve.problems import RequestError

__all__ = ["Question", "forecast_of", "read_question"]

_MOST_AHEAD = 10_000  # rows
_MEMBERS = {"values", "times", "horizon"}


@dataclass(frozen=True)
class Question:
    """values: (T, C). times: (T,) datetime64. horizon: rows ahead, None for the trained one."""

    values: Float64
    times: AnyArray | None
    horizon: int | None


def read_question(document: Any, most: int) -> Question:
    """Returns what {"values": (T, C), "times": [...], "horizon": H} asks; raises InputError.

    times: of the rows, ISO 8601, UTC unless they say. most: rows.
    """
    if not isinstance(document, dict) or "values" not in document or set(document) - _MEMBERS:
        raise InputError("expected an object with values, and maybe times and horizon")
    horizon = document.get("horizon")
    if horizon is not None and (type(horizon) is not int or not 1 <= horizon <= _MOST_AHEAD):
        raise InputError(f"expected a horizon of 1 to {_MOST_AHEAD} rows")
    times = None if document.get("times") is None else _times(document["times"])
    return Question(_values(document["values"], most), times, horizon)


def forecast_of(served: Served, asked: Question) -> dict[str, Any]:
    """Returns the forecast as JSON has it; raises RequestError and InputError."""
    if served.forecaster is None:
        raise RequestError(400, f"model {served.name!r} detects, and does not forecast")
    result = served.forecaster.forecast(asked.values, horizon=asked.horizon, times=asked.times)
    names = [channel.name for channel in served.forecaster.info.channels]
    answer: dict[str, Any] = {"model": served.name, "version": served.version, "channels": names}
    for name, part in (("forecast", result.forecast), ("low", result.low), ("high", result.high)):
        answer[name] = None if part is None else [to_json(row) for row in part]
    answer["times"] = None if result.times is None else [f"{time}Z" for time in result.times]
    return answer


def _values(given: Any, most: int) -> Float64:
    if not isinstance(given, list) or not 1 <= len(given) <= most:
        raise InputError(f"expected values, a list of 1 to {most} rows")
    try:
        values = np.array(given)
    except ValueError:
        raise InputError("expected rows of one length") from None
    if values.dtype.kind not in "iuf" or values.ndim > 2:
        raise InputError("expected values as numbers, a row a sample")
    return values.astype(np.float64)


def _times(given: Any) -> AnyArray:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise InputError("expected times, a list of ISO 8601 texts")
    try:
        moments = [datetime.fromisoformat(one) for one in given]
        utc = [m.astimezone(UTC).replace(tzinfo=None) if m.tzinfo else m for m in moments]
        return np.array(utc, "datetime64[us]")
    except (ValueError, OverflowError):
        raise InputError("expected times as ISO 8601, such as 2026-11-24T12:00:00") from None
