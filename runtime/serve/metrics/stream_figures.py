"""What is known of one stream since the service began: silence, budget, drift."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwatch.runtime.serve.metrics.drift import MUCH, StreamDrift
from stillwatch.runtime.serve.streams.observer import Told

__all__ = ["FIGURES", "StreamFigures"]

FIGURES = {
    "last_request_timestamp_seconds": "When a stream's last rows came.",
    "no_data": "1 where a stream is silent for ten times its usual interval, and a minute.",
    "frozen_channels": "Channels that stand still for longer than they used to.",
    "event_open": "1 while an event goes on.",
    "budget_left_events": "What is left of the budget.",
    "budget_spent_events": "What was spent of the budget since the start.",
    "score_drift_psi": "Population stability index of the scores against calibration.",
    "channel_drift_psi": "The highest of the channels' indices against the stream's first rows.",
    "drifts": "1 where much has moved: look, and recalibrate if that is the new normal.",
}
_SILENT = 10  # times the usual time between two requests
_SHORTEST = 60.0  # seconds of silence that are none
_SLOWNESS = 0.1  # by how much one interval moves the usual one
_LITTLE = 0.1  # an index below which a stream that drifted does so no more


@dataclass
class StreamFigures:
    """A stream's figures. drift: None where there are too many streams for all to have it.

    Taken on the engine's thread, asked on others.
    """

    model: str
    drift: StreamDrift | None
    at: float  # when something came last, by the clock that a scraper has
    drifts: bool = False
    _usual: float = 0.0  # seconds between two requests
    _credit: float | None = None
    _spent: float = 0.0  # of the budget, in events
    _open_event: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, told: Told, now: float) -> bool:
        """Takes what a request brought; returns whether the stream has begun to drift with it."""
        with self._lock:
            gap = now - self.at
            self._usual += (gap - self._usual) * (_SLOWNESS if self._usual else 1.0)
            self.at, self._credit = now, told.credit
            for event in told.events:
                self._open_event = event["event"] == "start"
                if event["event"] != "start":
                    self._spent += float(event.get("cost", 0.0))
            looked = self.drift is not None and self.drift.take(told.values, told.result.score)
            return looked and self._begins()

    def figures(self, now: float) -> dict[str, float | None]:
        """Returns the figures that a scraper is told, by the names of FIGURES."""
        with self._lock:
            drift = self.drift
            channels = None if drift is None else drift.channels
            return {
                "last_request_timestamp_seconds": self.at,
                "no_data": float(now - self.at > max(_SHORTEST, _SILENT * self._usual)),
                "frozen_channels": None if drift is None else float(drift.frozen),
                "event_open": float(self._open_event),
                "budget_left_events": self._credit,
                "budget_spent_events": self._spent,
                "score_drift_psi": None if drift is None else drift.score,
                "channel_drift_psi": None if channels is None else float(channels.max()),
                "drifts": None if drift is None else float(self.drifts),
            }

    def pulse(self, now: float) -> Mapping[str, float | str | None]:
        """Returns what a page is told: seconds of silence, and the figures that change its words.

        drift: the highest index. suggests: what to do about it, None for nothing.
        """
        figures = self.figures(now)
        with self._lock:
            highest = None if self.drift is None else self.drift.highest
        credit = figures["budget_left_events"]
        return {
            "silent": round(max(0.0, now - self.at), 1),
            "credit": None if credit is None else round(credit, 2),
            "no_data": figures["no_data"],
            "frozen": figures["frozen_channels"],
            "drift": None if highest is None else round(highest, 3),
            "suggests": "recalibrate" if self.drifts else None,
        }

    def _begins(self) -> bool:
        """Returns whether it drifts and did not; it goes on until little is left of that."""
        highest = None if self.drift is None else self.drift.highest
        before, limit = self.drifts, _LITTLE if self.drifts else MUCH
        self.drifts = highest is not None and highest > limit
        return self.drifts and not before
