"""The state of many streams in one SQLite file, each transaction whole or not there."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillwatch.runtime.errors import InputError, SnapshotError, StillwatchError, TransientError

__all__ = ["StreamStore"]

_SCHEMA = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS session (name TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS streams (
  name TEXT PRIMARY KEY, figures TEXT NOT NULL, snapshot BLOB NOT NULL
) STRICT;
"""
_PUT = "INSERT INTO {} ON CONFLICT (name) DO UPDATE SET "
_PUT_SESSION = _PUT.format("session VALUES (?, ?)") + "content = excluded.content"
_PUT_STREAM = _PUT.format("streams VALUES (?, ?, ?)") + (
    "figures = excluded.figures, snapshot = excluded.snapshot"
)


class StreamStore:
    """A file that one process holds at a time, synced to the disk at every save."""

    def __init__(self, path: Path) -> None:
        """Opens or begins it; raises InputError where another has it, SnapshotError for no such."""
        self._path = path
        try:
            self._base = sqlite3.connect(path, timeout=0.0, isolation_level=None)
        except sqlite3.Error as error:
            raise InputError(f"cannot open {path}: {error}; choose another place") from error
        try:
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute("BEGIN IMMEDIATE")
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            if version not in (0, _SCHEMA):
                raise SnapshotError(
                    f"{path} has schema {version}, this stillwatch reads {_SCHEMA}: give another "
                    "--state"
                )
            for statement in _TABLES.split(";"):
                self._base.execute(statement)
            self._base.execute(f"PRAGMA user_version = {_SCHEMA}")
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            self._base.close()
            raise self._failure(error) from error
        except SnapshotError:
            self._base.close()
            raise

    def session(self) -> dict[str, Any] | None:
        """Returns what was saved beside the streams, None where nothing was."""
        rows = self._query("SELECT name, content FROM session")
        return {name: self._json(content) for name, content in rows} or None

    def streams(self) -> Iterator[tuple[str, dict[str, Any], bytes]]:
        """Yields each stream's name, figures and snapshot."""
        for name, figures, snapshot in self._query("SELECT name, figures, snapshot FROM streams"):
            yield name, self._json(figures), snapshot

    def save(
        self, session: Mapping[str, Any], streams: Mapping[str, tuple[Mapping[str, Any], bytes]]
    ) -> None:
        """Writes the session, and the streams that have changed, in one transaction."""
        base = self._base
        try:
            base.execute("BEGIN IMMEDIATE")
            base.executemany(_PUT_SESSION, ((n, json.dumps(c)) for n, c in session.items()))
            rows = ((n, json.dumps(figures), blob) for n, (figures, blob) in streams.items())
            base.executemany(_PUT_STREAM, rows)
            base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Lets go of the file."""
        self._base.close()

    def _query(self, text: str) -> list[Any]:
        try:
            return self._base.execute(text).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise SnapshotError(f"{self._path} does not fit its schema: {error}") from error

    def _failure(self, error: sqlite3.Error) -> StillwatchError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return InputError(
                f"another watch has {self._path}: end it first, or name another file with --state"
            )
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM):
            return TransientError(f"cannot write {self._path}: {error}; free some space")
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return SnapshotError(f"{self._path} is damaged, or no state of MQTT streams: {error}")
        return InputError(f"cannot use {self._path}: {error}; choose another place")
