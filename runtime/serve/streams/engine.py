"""The engine: one thread that takes what waits, steps the streams together, saves, then answers.

Requests that come while a batch is computed and saved make up the next one,
so that batches grow with the load and a lone request waits for nobody. An
answer leaves only after the transaction that holds all it says is on the disk.
"""

import asyncio
import logging
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence

from stillwatch.runtime.errors import TransientError
from stillwatch.runtime.serve.options import Bounds
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.streams.batches import Answered, Batch
from stillwatch.runtime.serve.streams.job import Job, Outcome
from stillwatch.runtime.serve.streams.observer import Observer

__all__ = ["Engine"]

_LOG = logging.getLogger("stillwatch.serve")
_MOST_ROWS = 20_000  # of a batch, beyond the first job's


class Engine:
    """Takes jobs from any thread. observers: may be added to before `start`."""

    def __init__(self, batch: Batch, bounds: Bounds) -> None:
        """batch: what does the work; it is the engine thread's alone from `start` on."""
        self.observers: list[Observer] = []
        self._batch, self._bounds = batch, bounds
        self._jobs: queue.SimpleQueue[Job | Callable[[], None] | None] = queue.SimpleQueue()
        self._held: list[Job] = []  # of streams that were in the last batch already
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._stopping = False

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return self._jobs.qsize() + len(self._held)

    @property
    def ready(self) -> bool:
        """Whether jobs are taken and answered."""
        return self._thread.is_alive() and not self._stopping

    def start(self) -> None:
        """Begins to take jobs."""
        self._thread.start()

    def stop(self) -> None:
        """Returns once what waits has been answered and the state is closed."""
        self._stopping = True
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, job: Job) -> None:
        """Takes a job; raises RequestError 503 where too many wait."""
        if self._stopping or self.waiting >= self._bounds.jobs:
            raise RequestError(503, "too many requests wait; try again", retry=1)
        self._jobs.put(job)

    def call(self, function: Callable[[], None]) -> None:
        """Lets the engine's thread call a function between two batches."""
        self._jobs.put(function)

    def _work(self) -> None:
        ending = False
        while not (ending and not self._held):
            jobs, calls, ended = self._next()
            ending = ending or ended
            for function in calls:
                try:
                    function()
                except Exception:
                    _LOG.exception("a call between two batches failed")
            if jobs:
                self._answer(jobs)
        self._batch.close()

    def _next(self) -> tuple[list[Job], list[Callable[[], None]], bool]:
        """Returns the next batch, each stream once in it; waits for the first job."""
        jobs, ended = self._held, False
        calls: list[Callable[[], None]] = []
        rows = sum(len(job.samples.at) for job in jobs)
        self._held = []
        while rows < _MOST_ROWS:
            try:
                item = self._jobs.get(block=not jobs and not calls and not ended)
            except queue.Empty:
                break
            if item is None:
                ended = True
            elif isinstance(item, Job):
                jobs.append(item)
                rows += len(item.samples.at)
            else:
                calls.append(item)
        seen: set[str] = set()
        batch: list[Job] = []
        for job in jobs:
            (self._held if job.stream in seen else batch).append(job)
            seen.add(job.stream)
        return batch, calls, ended

    def _answer(self, jobs: Sequence[Job]) -> None:
        try:
            done = self._batch.run(jobs)
        except Exception as error:
            if len(jobs) > 1 and not isinstance(error, TransientError):
                for job in jobs:  # so that one stream's trouble is not the others'
                    self._answer([job])
                return
            if not isinstance(error, TransientError | RequestError):
                _LOG.error("a batch failed: %s", type(error).__name__, exc_info=error)
            done = Answered([error] * len(jobs), [], {})
        _resolve(jobs, done.outcomes)
        for observer in self.observers:
            try:
                observer.committed(done.told, done.seconds)
            except Exception:
                _LOG.exception("an observer failed")


def _resolve(jobs: Sequence[Job], outcomes: Sequence[Outcome | Exception]) -> None:
    """Gives each future its outcome, those of a loop in one call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Outcome | Exception]]]
    by_loop = defaultdict(list)
    for pair in zip(jobs, outcomes, strict=True):
        if pair[0].loop is None:
            _set(*pair)
        else:
            by_loop[pair[0].loop].append(pair)
    for loop, pairs in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_set_all, pairs)


def _set_all(pairs: Sequence[tuple[Job, Outcome | Exception]]) -> None:
    for job, outcome in pairs:
        _set(job, outcome)


def _set(job: Job, outcome: Outcome | Exception) -> None:
    if job.future.done():  # its client has gone
        return
    if isinstance(outcome, Exception):
        job.future.set_exception(outcome)
    else:
        job.future.set_result(outcome)
