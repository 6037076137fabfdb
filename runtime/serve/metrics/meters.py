"""The figures of a service, and the streams that have some of their own."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from stillwatch.runtime.serve.metrics.drift import StreamDrift
from stillwatch.runtime.serve.models.registry import Registry
from stillwatch.runtime.serve.streams.observer import Told

__all__ = ["Meters"]

_STREAMS = 1000  # with figures of their own: what a scraper keeps is bounded
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SILENT = 10  # times the usual time between two requests
_SHORTEST = 60.0  # seconds of silence that are none
_SLOWNESS = 0.1  # by how much one interval moves the usual one


@dataclass
class _Stream:
    model: str
    drift: StreamDrift
    at: float  # when something came last, by the clock that a scraper has
    usual: float = 0.0  # seconds between two requests
    credit: float | None = None
    spent: float = 0.0  # of the budget, in events
    open_event: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Meters:
    """An Observer of the engine, and a collector of what it has heard."""

    def __init__(
        self,
        registry: Registry,
        waiting: Callable[[], int],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """waiting: how many requests wait for the engine."""
        self.registry = CollectorRegistry()
        self._models, self._waiting, self._clock = registry, waiting, clock
        self._streams: dict[str, _Stream] = {}
        self._unmetered: set[str] = set()
        own = self.registry
        self.requests = Histogram(
            "stillwatch_request_seconds", "Time of a request, by route and status.",
            ("route", "method", "status"), buckets=_BUCKETS, registry=own,
        )  # fmt: skip
        self._stages = Histogram(
            "stillwatch_stage_seconds", "Time of a batch's stage: score, save.",
            ("stage",), buckets=_BUCKETS, registry=own,
        )  # fmt: skip
        self._rows = Counter("stillwatch_rows", "Rows taken.", ("model",), registry=own)
        self._alarms = Counter("stillwatch_alarms", "Rows under alarm.", ("model",), registry=own)
        self._events = Counter("stillwatch_events", "Events.", ("model", "kind"), registry=own)
        self.errors = Counter(
            "stillwatch_errors", "Answers of 4xx and 5xx.", ("status",), registry=own
        )
        for name in registry.names:  # so that a rate has a nought to begin from
            self._rows.labels(name)
            self._alarms.labels(name)
            for kind in ("start", "end", "learnt"):
                self._events.labels(name, kind)
        for status in ("4xx", "5xx"):
            self.errors.labels(status)
        own.register(self)

    def committed(self, told: Sequence[Told], seconds: Mapping[str, float]) -> None:
        """Takes what a batch brought; on the engine's thread."""
        for stage, spent in seconds.items():
            self._stages.labels(stage).observe(spent)
        now = self._clock()
        rows: dict[str, int] = defaultdict(int)
        alarms: dict[str, int] = defaultdict(int)
        for one in told:
            rows[one.model] += len(one.values)
            alarms[one.model] += int(np.count_nonzero(one.result.alarm))
            for event in one.events:
                self._events.labels(one.model, str(event["event"])).inc()
            self._take(one, now)
        for model, count in rows.items():
            self._rows.labels(model).inc(count)
            self._alarms.labels(model).inc(alarms[model])

    def collect(self) -> Iterator[Metric]:
        """Yields what is read when it is asked for."""
        waiting = GaugeMetricFamily("stillwatch_queue_requests", "Requests that wait.")
        waiting.add_metric([], self._waiting())
        yield waiting
        models = GaugeMetricFamily(
            "stillwatch_model", "1 for each model that answers.",
            labels=("model", "version", "digest"),
        )  # fmt: skip
        for name in self._models.names:
            served = self._models.get(name)
            models.add_metric([name, served.version, served.digest], 1)
        yield models
        counts = GaugeMetricFamily(
            "stillwatch_streams", "Streams since the start, with and without figures of their own.",
            labels=("metered",),
        )  # fmt: skip
        counts.add_metric(["yes"], len(self._streams))
        counts.add_metric(["no"], len(self._unmetered))
        yield counts
        yield from self._of_streams()

    def of(self, stream: str) -> Mapping[str, float | None]:
        """Returns a stream's figures by the names of _OF_STREAMS; empty for one without."""
        known = self._streams.get(stream)
        return {} if known is None else self._figures(known)

    def _take(self, one: Told, now: float) -> None:
        known = self._streams.get(one.stream)
        if known is None or known.model != one.model:
            if known is None and len(self._streams) >= _STREAMS:
                if len(self._unmetered) < 10 * _STREAMS:
                    self._unmetered.add(one.stream)
                return
            known = self._streams[one.stream] = self._begun(one, now)
        with known.lock:
            gap = now - known.at
            known.usual += (gap - known.usual) * (_SLOWNESS if known.usual else 1.0)
            known.at, known.credit = now, one.credit
            for event in one.events:
                known.open_event = event["event"] == "start"
                if event["event"] != "start":
                    known.spent += float(event.get("cost", 0.0))
            known.drift.take(one.values, one.result.score)

    def _begun(self, one: Told, now: float) -> _Stream:
        detector = self._models.get(one.model).detector
        info = None if detector is None else detector.info
        judge = None if info is None else info.judge
        drift = StreamDrift(
            one.values.shape[1],
            {} if info is None else info.error_quantiles,
            None if judge is None else judge.period,
        )
        return _Stream(one.model, drift, now)

    def _of_streams(self) -> Iterator[Metric]:
        families = {name: _family(name, text) for name, text in _OF_STREAMS.items()}
        for name, stream in list(self._streams.items()):
            labels = [name, stream.model]
            for figure, value in self._figures(stream).items():
                if value is not None:
                    families[figure].add_metric(labels, value)
        yield from families.values()

    def _figures(self, stream: _Stream) -> dict[str, float | None]:
        with stream.lock:
            channels = stream.drift.channels
            silence = self._clock() - stream.at
            return {
                "last_request_timestamp_seconds": stream.at,
                "no_data": float(silence > max(_SHORTEST, _SILENT * stream.usual)),
                "frozen_channels": float(stream.drift.frozen),
                "event_open": float(stream.open_event),
                "budget_left_events": stream.credit,
                "budget_spent_events": stream.spent,
                "score_drift_psi": stream.drift.score,
                "channel_drift_psi": None if channels is None else float(channels.max()),
            }


_OF_STREAMS = {
    "last_request_timestamp_seconds": "When a stream's last rows came.",
    "no_data": "1 where a stream is silent for ten times its usual interval, and a minute.",
    "frozen_channels": "Channels that stand still for longer than they used to.",
    "event_open": "1 while an event goes on.",
    "budget_left_events": "What is left of the budget.",
    "budget_spent_events": "What was spent of the budget since the start.",
    "score_drift_psi": "Population stability index of the scores against calibration.",
    "channel_drift_psi": "The highest of the channels' indices against the stream's first rows.",
}


def _family(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"stillwatch_stream_{name}", text, labels=("stream", "model"))
