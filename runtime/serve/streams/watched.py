"""A stream as the engine has it: the detector's state, its events, and how far it has come."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from stillwatch.runtime.alarms.events import EventPolicy, EventTracker
from stillwatch.runtime.errors import SnapshotError
from stillwatch.runtime.serve.json_text import as_json, read_json
from stillwatch.runtime.serve.models.registry import Served
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.streams.samples import Samples

__all__ = ["Watched"]


class Watched:
    """A stream. rows: how many it has taken. waiting: what is said of those without an answer.

    last, by: the key of the last row, and what it is: "seq", "time" or "".
    asked: the keys of the request whose answer is kept. open_event: the row
    number by which the stored event that goes on is known, with its id.
    """

    def __init__(self, name: str, served: Served) -> None:
        """A stream that has seen nothing."""
        self.name, self.served = name, served
        self.rows = 0
        self.waiting: deque[dict[str, Any]] = deque()
        self.last: float | None = None
        self.by = ""
        self.asked: tuple[float, float] | None = None
        self.answer = b""
        self.open_event: int | None = None
        self.tracker = EventTracker(served.channels, EventPolicy())

    def figures(self) -> str:
        """Returns what `restore` takes, as JSON."""
        return as_json(
            {
                "rows": self.rows,
                "waiting": list(self.waiting),
                "last": self.last,
                "by": self.by,
                "asked": self.asked,
                "open_event": self.open_event,
                "events": self.tracker.state(),
            }
        ).decode()

    def restore(self, text: str, answer: bytes) -> None:
        """Goes on from figures; raises SnapshotError for none of ours."""
        try:
            kept: Mapping[str, Any] = read_json(text.encode())
            self.rows = int(kept["rows"])
            self.waiting = deque(kept["waiting"])
            self.last, self.by = kept["last"], str(kept["by"])
            asked = kept["asked"]
            self.asked = None if asked is None else (float(asked[0]), float(asked[1]))
            self.open_event = kept["open_event"]
            self.tracker.restore(kept["events"])
        except (LookupError, TypeError, ValueError) as error:
            raise SnapshotError(f"stream {self.name!r} does not fit its schema: {error}") from error
        self.answer = answer

    def known(self, samples: Samples) -> int:
        """Returns how many of the samples come no later than the last row taken.

        Raises RequestError 409 where they are counted in another way than before.
        """
        if self.last is None:
            return 0
        if samples.keys is None or samples.by != self.by:
            raise RequestError(
                409, f"stream {self.name!r} goes by {self.by or 'neither'}: give each sample one"
            )
        return sum(key <= self.last for key in samples.keys)

    def take(self, samples: Samples) -> None:
        """Takes note of samples that go into the detector."""
        for offset, said in enumerate(samples.at):
            self.waiting.append({"row": self.rows + offset, **said})
        self.rows += len(samples.at)
        if samples.keys is not None:
            self.last, self.by = samples.keys[-1], samples.by
