"""What is asked of the engine, and what comes back."""

import asyncio
import concurrent.futures
from dataclasses import dataclass

from stillwatch.runtime.serve.streams.samples import Samples

__all__ = ["Future", "Job", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """A request's answer, which is on the disk. body: JSON, as it is sent, and again if repeated.

    accepted, repeated, late: how many of its samples were new, were answered
    before, and came after later ones, so that they count for nothing.
    """

    body: bytes
    accepted: int
    repeated: int
    late: int


Future = asyncio.Future[Outcome] | concurrent.futures.Future[Outcome]


@dataclass(frozen=True)
class Job:
    """Samples of one stream. model: None for the stream's own, or the default of a new one.

    future: done once the samples and all that they brought are on the disk.
    loop: the future's, None for one of threads.
    """

    stream: str
    model: str | None
    samples: Samples
    future: Future
    loop: asyncio.AbstractEventLoop | None

    @classmethod
    def here(
        cls, stream: str, model: str | None, samples: Samples
    ) -> tuple["Job", asyncio.Future[Outcome]]:
        """Returns a job, and its future, which can be awaited in the running loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        return cls(stream, model, samples, future, loop), future

    @classmethod
    def waiting(
        cls, stream: str, model: str | None, samples: Samples
    ) -> tuple["Job", concurrent.futures.Future[Outcome]]:
        """Returns a job, and its future, which a thread can wait for."""
        future: concurrent.futures.Future[Outcome] = concurrent.futures.Future()
        return cls(stream, model, samples, future, None), future
