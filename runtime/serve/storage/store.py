"""Streams, events and kept rows on the disk; who writes does so in one transaction a batch."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stillwatch.runtime.alarms.events import Event
from stillwatch.runtime.serve.storage.schema import open_state, passing
from stillwatch.runtime.watch.answers import event_figures

__all__ = ["EventRow", "Store", "StreamRow"]

_EVENT = (
    "id, stream, model, version, first, last, ended, figures, feedback, feedback_by, feedback_at"
)


class StreamRow(NamedTuple):
    """A stream as it is stored. digest: of the capsule that `state` is of."""

    id: str
    model: str
    digest: str
    figures: str
    state: bytes
    answer: bytes


class EventRow(NamedTuple):
    """An event as it is stored. first, last: row numbers. figures: as `event_figures`, JSON."""

    id: int
    stream: str
    model: str
    version: str
    first: int
    last: int
    ended: bool
    figures: str
    feedback: str | None
    feedback_by: str | None
    feedback_at: float | None

    def told(self) -> dict[str, Any]:
        """Returns the event as a client is told."""
        figures: dict[str, Any] = json.loads(self.figures)
        return {
            "id": self.id,
            "stream": self.stream,
            "model": self.model,
            "version": self.version,
            **figures,
            "ended": bool(self.ended),
            "feedback": self.feedback,
        }


class Store:
    """A connection to the state. Not shared among threads at once."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError and TransientError, as `open_state`."""
        self._db = open_state(folder)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for what writes beside the store."""
        return self._db

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yields the connection; what is written is on the disk at the end, all or nothing."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise passing(error) from error

    def stream(self, name: str) -> StreamRow | None:
        """Returns a stream; None where there is none."""
        columns = ", ".join(StreamRow._fields)
        result = self._db.execute(f"SELECT {columns} FROM streams WHERE id = ?", (name,)).fetchone()  # noqa: S608
        return None if result is None else StreamRow(*result)

    def stream_count(self) -> int:
        """Returns how many streams there are."""
        return int(self._db.execute("SELECT count(*) FROM streams").fetchone()[0])

    def streams(self, after: str, most: int) -> list[StreamRow]:
        """Returns streams in the order of their names, those after one; state and answer empty."""
        rows = self._db.execute(
            "SELECT id, model, digest, figures, x'', x'' FROM streams WHERE id > ? ORDER BY id "
            "LIMIT ?",
            (after, most),
        )
        return [StreamRow(*row) for row in rows]

    def put_streams(self, rows: list[StreamRow]) -> None:
        """Writes streams as they are now; within a transaction."""
        # In its place: a row that is deleted and written anew costs twice the pages.
        self._db.executemany(
            "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "model = excluded.model, digest = excluded.digest, figures = excluded.figures, "
            "state = excluded.state, answer = excluded.answer",
            rows,
        )

    def put_event(self, of: Sequence[str], event: Event, known: int | None) -> int:
        """Writes an event, over the one of that id where it is known, and returns its id.

        of: stream, model, version.
        """
        figures = json.dumps(event_figures(event), separators=(",", ":"))
        first, last = event.start["row"], event.end["row"]
        if known is not None:
            self._db.execute(
                "UPDATE events SET last = ?, ended = ?, figures = ? WHERE id = ?",
                (last, event.ended, figures, known),
            )
            return known
        cursor = self._db.execute(
            "INSERT INTO events (stream, model, version, first, last, ended, figures) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*of, first, last, event.ended, figures),
        )
        return int(cursor.lastrowid or 0)

    def events(
        self, stream: str | None, after: int, most: int, *, newest: bool = False
    ) -> list[EventRow]:
        """Returns events with an id above one, of one stream or of all; newest: the last first."""
        where, given = ("", []) if stream is None else ("stream = ? AND ", [stream])
        order = "DESC" if newest else "ASC"
        rows = self._db.execute(
            f"SELECT {_EVENT} FROM events WHERE {where}id > ? ORDER BY id {order} LIMIT ?",  # noqa: S608
            (*given, after, most),
        )
        return [EventRow(*row) for row in rows]

    def event(self, number: int) -> EventRow | None:
        """Returns an event; None where there is none."""
        result = self._db.execute(f"SELECT {_EVENT} FROM events WHERE id = ?", (number,)).fetchone()  # noqa: S608
        return None if result is None else EventRow(*result)

    def put_feedback(self, number: int, feedback: str, who: str) -> bool:
        """Writes what somebody says of an event; returns whether there is such an event."""
        with self.transaction() as db:
            done = db.execute(
                "UPDATE events SET feedback = ?, feedback_by = ?, feedback_at = ? WHERE id = ?",
                (feedback, who, time.time(), number),
            )
            return done.rowcount == 1
