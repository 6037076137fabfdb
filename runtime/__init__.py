"""Scores and forecasts time series with capsules; needs numpy and onnxruntime, nothing else."""

import importlib
import os
import sys
from typing import TYPE_CHECKING

# onnxruntime's own builds report on their use unless told not to, and a detector on somebody's
# device has no business to. Set before the first import of it; who wants it sets it to 0.
if os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1") != "0" and "onnxruntime" in sys.modules:
    # It was imported before us: its store is open by now, but it sends no events from here on.
    sys.modules["onnxruntime"].disable_telemetry_events()

if TYPE_CHECKING:
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

# Brought in when first asked for: who calls for help, or streams, waits for nothing else.
_PLACES = {
    "CapsuleError": "stillwatch.runtime.errors",
    "CheckpointError": "stillwatch.runtime.errors",
    "ConfigError": "stillwatch.runtime.errors",
    "DataError": "stillwatch.runtime.errors",
    "Detector": "stillwatch.runtime.detector",
    "ExtraError": "stillwatch.runtime.errors",
    "Fleet": "stillwatch.runtime.streaming.fleet",
    "Forecast": "stillwatch.runtime.forecasting.forecast",
    "ForecastFleet": "stillwatch.runtime.forecasting.stream",
    "ForecastStream": "stillwatch.runtime.forecasting.stream",
    "Forecaster": "stillwatch.runtime.forecasting.forecaster",
    "InputError": "stillwatch.runtime.errors",
    "ReadOptions": "stillwatch.runtime.tables.options",
    "Result": "stillwatch.runtime.result",
    "SnapshotError": "stillwatch.runtime.errors",
    "StillwatchError": "stillwatch.runtime.errors",
    "Stream": "stillwatch.runtime.streaming.stream",
    "Table": "stillwatch.runtime.tables.table",
    "TransientError": "stillwatch.runtime.errors",
    "Verdict": "stillwatch.runtime.streaming.stream",
    "read_table": "stillwatch.runtime.tables.table",
    "shipped": "stillwatch.runtime.capsule.opening",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Returns a name of this package, from the module that has it."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_PLACES[name]), name)
        globals()[name] = value
        return value
