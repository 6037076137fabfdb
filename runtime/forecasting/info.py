"""What a forecaster's capsule says of itself: one JSON document in the ONNX metadata."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.runtime.arrays import LARGEST, SMALLEST
from stillwatch.runtime.capsule.info import Channel
from stillwatch.runtime.capsule.validation import check_texts
from stillwatch.runtime.errors import CapsuleError, ConfigError
from stillwatch.runtime.forecasting.calendar import check_terms
from stillwatch.runtime.forecasting.times import Step

__all__ = ["FORECAST_SCHEMA", "TASK", "ForecastGolden", "ForecastInfo", "forecasts"]

FORECAST_SCHEMA = 1
TASK = "forecast"
_MOST = 2**20
_COARSEST = 0.5  # scaled units: a reading that may be further off verifies nothing
_STRATEGIES = ("direct", "recursive")


@dataclass(frozen=True)
class ForecastGolden:
    """Rows and what must follow them: values (T, C + K), calendar (T + H, K'), forecast (H, C).

    The forecast comes from a plain NumPy network in double precision.
    """

    values: tuple[tuple[float, ...], ...]
    calendar: tuple[tuple[float, ...], ...]
    forecast: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class ForecastInfo:
    """What a forecaster's capsule says of itself.

    lookback: rows that a direct forecaster wants, and that a recursive one was
    trained on. horizon: rows ahead, of a direct forecaster at most. layers and
    state: of the carried state, 0 for none. channels: what is forecast;
    covariates: columns that are read beside it; calendar: terms of the times.
    step: from one row to the next, None where rows had no times. mean, scale:
    of channels and then covariates. coverage: the share of rows that
    intervals were measured to hold, on `measured` rows that the network had
    not seen; 0 without intervals. share: the LSTM's part beside the linear
    map, 1 without one. tolerance: the largest difference from `golden`, in
    scaled units.
    """

    schema: int
    task: str
    family: str
    strategy: str
    horizon: int
    lookback: int
    layers: int
    state: int
    channel_mode: str
    channels: tuple[Channel, ...]
    covariates: tuple[str, ...]
    calendar: tuple[str, ...]
    step: Step | None
    scaling: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    share: float
    parameters: int
    coverage: float
    measured: int
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    golden: tuple[ForecastGolden, ...]
    tolerance: float
    producer: str
    missing: str = "refuse"
    time_column: str = ""
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `values`: channels, then covariates."""
        return (*(channel.name for channel in self.channels), *self.covariates)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """What is forecast, in the order of the last axis of `forecast`."""
        return tuple(channel.name for channel in self.channels)

    def to_json(self) -> str:
        """Returns the metadata document; the same info always gives the same text."""
        document = dataclasses.asdict(self)
        try:
            check_texts(document)
            _check(self)
        except (ConfigError, ValueError, TypeError) as error:
            raise CapsuleError(f"these metadata do not fit a forecaster: {error}") from error
        return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str, name: str) -> "ForecastInfo":
        """Returns the info that `text` holds; raises CapsuleError naming the capsule `name`."""
        try:
            document = json.loads(text)
            check_texts(document)
            task, schema = document.get("task", "detect"), document["schema"]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CapsuleError(f"{name} has metadata that cannot be read: {error}") from error
        if task != TASK:
            raise CapsuleError(
                f"{name} finds anomalies and does not forecast: use 'stillwatch score', or train "
                "a forecaster with 'stillwatch train forecaster'"
            )
        if type(schema) is not int or not 1 <= schema <= FORECAST_SCHEMA:
            raise CapsuleError(
                f"{name} has schema version {schema!r} of forecasters; this stillwatch reads up "
                f"to {FORECAST_SCHEMA}; upgrade with 'pip install --upgrade stillwatch'"
            )
        try:
            info = _info(document)
            _check(info)
        except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
            raise CapsuleError(
                f"{name} has metadata that does not fit its schema: {error}"
            ) from error
        return info


def forecasts(text: str) -> bool:
    """Whether a capsule's metadata are a forecaster's."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("task") == TASK


def _info(document: Mapping[str, Any]) -> ForecastInfo:
    known = {one.name for one in dataclasses.fields(ForecastInfo)}
    named = {name: value for name, value in document.items() if name in known}
    step = document["step"]
    named |= {
        "channels": tuple(Channel(**channel) for channel in document["channels"]),
        "step": None if step is None else Step(**step),
        "golden": tuple(
            ForecastGolden(**{name: tuple(map(tuple, rows)) for name, rows in golden.items()})
            for golden in document["golden"]
        ),
        # What a newer minor release wrote is kept, not refused.
        "further": {name: value for name, value in document.items() if name not in known},
    }
    for name in ("covariates", "calendar", "mean", "scale"):
        named[name] = tuple(document[name])
    return ForecastInfo(**named)


def _check(info: ForecastInfo) -> None:
    """Raises ValueError or ConfigError naming the first field that no export writes."""
    check_terms(info.calendar)
    _want(info.strategy in _STRATEGIES, "strategy", info.strategy)
    whole = {"horizon": 1, "lookback": 1, "layers": 0, "state": 0, "parameters": 0, "measured": 0}
    for name, least in whole.items():
        value = getattr(info, name)
        _want(type(value) is int and least <= value <= 2**62, name, value)
    _want(max(info.horizon, info.lookback, info.layers, info.state) <= _MOST, "sizes", info.horizon)
    _want((info.strategy == "recursive") == bool(info.state and info.layers), "state", info.state)
    names = info.columns
    texts = (*names, info.family, info.scaling, info.producer, info.missing, info.time_column)
    _want(all(isinstance(text, str) for text in texts), "names", texts)
    _want(bool(info.channels) and len(set(names)) == len(names), "columns", names)
    count = len(names)
    _want(len(info.mean) == count and _numbers(info.mean), "mean", info.mean)
    fits = len(info.scale) == count and _numbers(info.scale) and min(info.scale) >= SMALLEST
    _want(fits, "scale", info.scale)
    _want(_numbers((info.share, info.coverage, info.tolerance)), "share", info.share)
    _want(0 <= info.coverage < 1, "coverage", info.coverage)
    _want(isinstance(info.data, Mapping) and isinstance(info.training, Mapping), "data", info.data)
    _want(0 <= info.tolerance <= _COARSEST, f"tolerance up to {_COARSEST}", info.tolerance)
    _want(bool(info.golden), "golden, one vector at least", info.golden)
    for golden in info.golden:
        wide = all(len(row) == count and _numbers(row) for row in golden.values)
        right = all(len(row) == len(info.channels) and _numbers(row) for row in golden.forecast)
        fits = wide and right and bool(golden.values) and bool(golden.forecast)
        _want(fits and all(map(_numbers, golden.calendar)), "golden", golden.forecast)


def _want(fits: bool, name: str, got: object) -> None:
    if not fits:
        raise ValueError(f"expected another {name}, got {ascii(got)[:80]}")


def _numbers(values: tuple[object, ...]) -> bool:
    # Exact types, since JSON's true would pass for 1. NaN compares as False.
    return all(type(v) in (int, float) and abs(v) <= LARGEST for v in values)  # type: ignore[arg-type]
