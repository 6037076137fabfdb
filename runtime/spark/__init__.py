"""The same scores on Apache Spark, of whole files and of streams: the extra `spark`."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillwatch.runtime.spark.frame import event_frame, forecast_frame, score_frame
    from stillwatch.runtime.spark.options import SparkOptions
    from stillwatch.runtime.spark.session import spark_session
    from stillwatch.runtime.spark.stream import event_stream, forecast_stream, score_stream

__all__ = [
    "SparkOptions",
    "event_frame",
    "event_stream",
    "forecast_frame",
    "forecast_stream",
    "score_frame",
    "score_stream",
    "spark_session",
]

# Brought in when first asked for: the options can be written down where there is no Spark.
_PLACES = {
    "SparkOptions": "options",
    "event_frame": "frame",
    "event_stream": "stream",
    "forecast_frame": "frame",
    "forecast_stream": "stream",
    "score_frame": "frame",
    "score_stream": "stream",
    "spark_session": "session",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Returns a name of this package, from the module that has it."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = value
        return value
