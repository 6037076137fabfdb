"""The tables of the state file, and how it is opened."""

import sqlite3
from pathlib import Path

from stillwatch.runtime.errors import InputError, TransientError
from stillwatch.runtime.files import make_folder

__all__ = ["STATE_FILE", "open_state", "passing"]

STATE_FILE = "state.sqlite"
_VERSION = 1
_TABLES = """
CREATE TABLE versions (
  model TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, content BLOB,
  made REAL NOT NULL, note TEXT NOT NULL DEFAULT '', PRIMARY KEY (model, version)) STRICT;
CREATE TABLE active (model TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE streams (
  id TEXT PRIMARY KEY, model TEXT NOT NULL, digest TEXT NOT NULL,
  figures TEXT NOT NULL, state BLOB NOT NULL, answer BLOB NOT NULL) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, model TEXT NOT NULL,
  version TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, ended INTEGER NOT NULL,
  figures TEXT NOT NULL, feedback TEXT, feedback_by TEXT, feedback_at REAL) STRICT;
CREATE INDEX events_of_stream ON events (stream, id);
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, kind TEXT NOT NULL,
  first INTEGER NOT NULL, rows INTEGER NOT NULL, low REAL, high REAL, size INTEGER NOT NULL,
  content BLOB NOT NULL) STRICT;
CREATE INDEX blocks_of_stream ON blocks (stream, kind, first);
"""


def open_state(
    folder: Path, *, name: str = STATE_FILE, tables: str = _TABLES
) -> sqlite3.Connection:
    """Returns a connection to a state file in the folder, which is made where there is none.

    Write-ahead log, and each transaction on the disk before it counts. Not
    shared among threads at once. Raises InputError for a file that is none of
    ours, TransientError where it cannot be written for now.
    """
    make_folder(folder)
    path = folder / name
    try:
        connection = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
        path.chmod(0o600)  # of the owner alone: rows of somebody's plant, hashes of keys
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("BEGIN IMMEDIATE")
        (result,) = connection.execute("PRAGMA user_version").fetchone()
        if result == 0:
            for statement in tables.split(";")[:-1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise passing(error) from error
        raise InputError(f"{path} is no state of a service: {error}") from error
    if result not in (0, _VERSION):
        connection.close()
        raise InputError(
            f"{path} has version {result}, this stillwatch reads {_VERSION}: use the newer one"
        )
    return connection


def passing(error: sqlite3.Error) -> TransientError:
    """Returns what to raise where SQLite could not for now: a full disk, a lock that stays."""
    return TransientError(f"cannot save the state: {error}; free some space, or try again")
