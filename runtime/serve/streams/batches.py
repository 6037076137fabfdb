"""A batch of requests: streams brought in, stepped, saved with their answers, and told of."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.alarms.events import Event
from stillwatch.runtime.errors import StillwatchError
from stillwatch.runtime.result import Result
from stillwatch.runtime.serve.models.registry import Registry, Served
from stillwatch.runtime.serve.names import check_name
from stillwatch.runtime.serve.options import ServeOptions
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.storage.blocks import Block, Blocks, blocks_of
from stillwatch.runtime.serve.storage.store import Store, StreamRow
from stillwatch.runtime.serve.streams.job import Job, Outcome
from stillwatch.runtime.serve.streams.lanes import Lanes
from stillwatch.runtime.serve.streams.observer import Told
from stillwatch.runtime.serve.streams.repeats import recalled, repeated
from stillwatch.runtime.serve.streams.samples import Samples
from stillwatch.runtime.serve.streams.verdicts import answer_of, verdicts_of
from stillwatch.runtime.serve.streams.watched import Watched
from stillwatch.runtime.watch.answers import event_figures

__all__ = ["Answered", "Batch"]


@dataclass(frozen=True)
class Answered:
    """outcomes: one a job. told: what was new, a stream each. seconds: by stage."""

    outcomes: Sequence[Outcome | Exception]
    told: Sequence[Told]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class _Step:
    """A job's new samples. again: verdicts of those that are not. asked: keys of all."""

    place: int
    stream: Watched
    samples: Samples
    again: Sequence[Mapping[str, Any]]
    late: int
    asked: tuple[float, float] | None


class Batch:
    """Holds the streams that have been asked for since the start. The engine thread's alone."""

    def __init__(self, registry: Registry, store: Store, options: ServeOptions) -> None:
        """store: a connection of its own."""
        self._registry, self._store = registry, store
        self._bounds = options.bounds
        self._blocks = Blocks(store.connection, options.bounds.kept)
        self._lanes = Lanes(options.threshold, self._blocks)
        self._streams: dict[str, Watched] = {}
        self._count = store.stream_count()

    def close(self) -> None:
        """Lets go of the state."""
        self._store.close()

    def model_of(self, stream: str) -> str | None:
        """Returns the model of a stream in memory; of any thread."""
        value = self._streams.get(stream)
        return None if value is None or not value.rows else value.served.name

    def run(self, jobs: Sequence[Job]) -> Answered:
        """Returns the outcomes of jobs of different streams; what they say is on the disk.

        Raises whatever goes wrong for all of them; the streams then stand as before.
        """
        outcomes: list[Outcome | Exception] = [RequestError(500, "not answered")] * len(jobs)
        steps: list[_Step] = []
        try:
            for place, job in enumerate(jobs):
                try:
                    prepared = self._prepared(place, job)
                except StillwatchError as error:
                    outcomes[place] = error
                    continue
                if isinstance(prepared, Outcome):
                    outcomes[place] = prepared
                else:
                    steps.append(prepared)
            begun = time.perf_counter()
            results = self._lanes.advance([(one.stream, one.samples.values) for one in steps])
            scored = time.perf_counter()
            told = self._save(steps, results, outcomes)
        except BaseException:
            for one in steps:  # what is in memory may be ahead of the disk
                self._streams.pop(one.stream.name, None)
                self._lanes.forget(one.stream)
            raise
        return Answered(
            outcomes, told, {"score": scored - begun, "save": time.perf_counter() - scored}
        )

    def _prepared(self, place: int, job: Job) -> _Step | Outcome:
        """Returns what is to be stepped of a job, or its answer where nothing of it is new."""
        stream = self._stream(job)
        known, keys = stream.known(job.samples), job.samples.keys
        if known == len(job.samples.at):
            return repeated(stream, job.samples, self._blocks)
        again = recalled(stream, job.samples, known, self._blocks)
        asked = None if keys is None else (keys[0], keys[-1])
        return _Step(place, stream, job.samples.after(known), again, known - len(again), asked)

    def _stream(self, job: Job) -> Watched:
        result = self._streams.get(job.stream) or self._loaded(job)
        served = self._registry.get(result.served.name)
        if served is not result.served:
            self._end_event(result)
            self._lanes.move(result, served)
        try:
            _check(job, result.served)
        except RequestError:
            if job.stream not in self._streams:
                self._lanes.forget(result)
            raise
        self._streams[job.stream] = result
        return result

    def _loaded(self, job: Job) -> Watched:
        row = self._store.stream(job.stream)
        if row is not None:
            stream = Watched(row.id, self._registry.get(row.model))
            stream.restore(row.figures, row.answer)
            if row.digest != stream.served.digest:
                self._end_event(stream)
            self._lanes.restore(stream, row.state, row.digest)
            return stream
        check_name(job.stream, "a stream's name")
        if self._count >= self._bounds.streams:
            raise RequestError(429, f"there are {self._count} streams, as many as there may be")
        stream = Watched(job.stream, self._registry.get(job.model or self._registry.names[0]))
        self._lanes.begin(stream)
        return stream

    def _save(
        self,
        steps: Sequence[_Step],
        results: Sequence[Result],
        outcomes: list[Outcome | Exception],
    ) -> list[Told]:
        """Writes what the steps brought, and fills in their outcomes."""
        told: list[Told] = []
        if not steps:
            return told
        blocks: list[Block] = []
        created = 0
        left = self._lanes.credits([step.stream for step in steps])
        with self._store.transaction():
            for step, result in zip(steps, results, strict=True):
                stream, first = step.stream, step.stream.rows
                created += first == 0
                given = step.samples
                blocks += blocks_of(stream.name, first, given.values, given.keys, result)
                news, outcomes[step.place] = self._answer(step, result, left.get(stream.name))
                told.append(news)
            states = self._lanes.saved([step.stream for step in steps])
            rows = [_row(step.stream, state) for step, state in zip(steps, states, strict=True)]
            self._store.put_streams(rows)
            self._blocks.add(blocks)
        self._count += created
        return told

    def _answer(self, step: _Step, result: Result, credit: float | None) -> tuple[Told, Outcome]:
        """Returns what a step's result comes to, and writes its events."""
        stream, first, served = step.stream, step.stream.rows, step.stream.served
        stream.take(step.samples)
        verdicts, answer = verdicts_of(stream, result)
        events = [{"id": self._event(stream, one), **event_figures(one)} for one in answer]
        accepted, again = len(step.samples.at), len(step.again)
        taken = {"accepted": accepted, "repeated": again, "late": step.late}
        stream.answer = answer_of(stream, taken, [*step.again, *verdicts], events)
        stream.asked = step.asked
        told = Told(
            stream=stream.name,
            model=served.name,
            version=served.version,
            first=first,
            values=step.samples.values,
            at=step.samples.at,
            verdicts=verdicts,
            events=events,
            result=result,
            credit=credit,
        )
        return told, Outcome(stream.answer, accepted, again, step.late)

    def _end_event(self, stream: Watched) -> None:
        """Ends the event that is open, since another capsule's judge knows nothing of it."""
        with self._store.transaction():
            for event in stream.tracker.finish():
                self._event(stream, event)

    def _event(self, stream: Watched, event: Event) -> int:
        """Writes an event, and returns its id."""
        known = stream.open_event if event.ended else None
        of = (stream.name, stream.served.name, stream.served.version)
        stream.open_event = self._store.put_event(of, event, known)
        return stream.open_event


def _check(job: Job, served: Served) -> None:
    """Raises RequestError for a job that is not for a stream of this model."""
    if job.model not in (None, served.name):
        raise RequestError(409, f"stream {job.stream!r} is of model {served.name!r}")
    if job.samples.values.shape[1] != len(served.channels):
        raise RequestError(400, f"expected {len(served.channels)} numbers a sample")


def _row(stream: Watched, state: bytes) -> StreamRow:
    served = stream.served
    return StreamRow(
        stream.name, served.name, served.digest, stream.figures(), state, stream.answer
    )
