"""The figures of a service, and the streams that have some of their own."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from stillwatch.runtime.serve.metrics.drift import StreamDrift
from stillwatch.runtime.serve.metrics.stream_figures import FIGURES, StreamFigures
from stillwatch.runtime.serve.models.registry import Registry
from stillwatch.runtime.serve.streams.observer import Told

__all__ = ["Meters"]

_STREAMS = 1000  # with figures of their own: what a scraper keeps is bounded
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LOG = logging.getLogger("stillwatch.serve")


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
        self._streams: dict[str, StreamFigures] = {}
        self._metered = 0
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
        counts.add_metric(["yes"], self._metered)
        counts.add_metric(["no"], len(self._streams) - self._metered)
        yield counts
        yield from self._of_streams()

    def pulse(self, stream: str) -> Mapping[str, float | str | None]:
        """Returns what a page is told of a stream; nothing of one not heard of since the start."""
        known = self._streams.get(stream)
        return {} if known is None else known.pulse(self._clock())

    def _take(self, one: Told, now: float) -> None:
        known = self._streams.get(one.stream)
        if known is None or known.model != one.model:
            metered = self._metered < _STREAMS if known is None else known.drift is not None
            self._metered += known is None and metered
            drift = self._drift(one) if metered else None
            known = self._streams[one.stream] = StreamFigures(one.model, drift, now)
        if known.take(one, now):
            _LOG.warning(
                "stream %s drifts from what model %s was made for: look, and if it is the new "
                "normal, 'stillwatch recalibrate %s'", one.stream, one.model, one.model,
            )  # fmt: skip

    def _drift(self, one: Told) -> StreamDrift:
        detector = self._models.get(one.model).detector
        info = None if detector is None else detector.info
        judge = None if info is None else info.judge
        quantiles = {} if info is None else info.error_quantiles
        period = None if judge is None else judge.period
        return StreamDrift(one.values.shape[1], quantiles, period)

    def _of_streams(self) -> Iterator[Metric]:
        families = {name: _family(name, text) for name, text in FIGURES.items()}
        now = self._clock()
        for name, stream in list(self._streams.items()):
            if stream.drift is None:
                continue
            labels = [name, stream.model]
            for figure, value in stream.figures(now).items():
                if value is not None:
                    families[figure].add_metric(labels, value)
        yield from families.values()


def _family(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"stillwatch_stream_{name}", text, labels=("stream", "model"))
