"""Scores and forecasts time series with capsules; needs numpy and onnxruntime, nothing else."""

import os
import sys

# onnxruntime's own builds report on their use unless told not to, and a detector on somebody's
# device has no business to. Set before the first import of it; who wants it sets it to 0.
if os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1") != "0" and "onnxruntime" in sys.modules:
    # It was imported before us: its store is open by now, but it sends no events from here on.
    sys.modules["onnxruntime"].disable_telemetry_events()

from stillwatch.runtime.capsule.opening import shipped
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import (
    CapsuleError,
    CheckpointError,
    ConfigError,
    DataError,
    ExtraError,
    InputError,
    SnapshotError,
    StillwatchError,
    TransientError,
)
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.stream import ForecastFleet, ForecastStream
from stillwatch.runtime.result import Result
from stillwatch.runtime.streaming.fleet import Fleet
from stillwatch.runtime.streaming.stream import Stream, Verdict
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.table import Table, read_table

__all__ = [
    "CapsuleError",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "Detector",
    "ExtraError",
    "Fleet",
    "Forecast",
    "ForecastFleet",
    "ForecastStream",
    "Forecaster",
    "InputError",
    "ReadOptions",
    "Result",
    "SnapshotError",
    "StillwatchError",
    "Stream",
    "Table",
    "TransientError",
    "Verdict",
    "read_table",
    "shipped",
]
