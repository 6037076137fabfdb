"""API keys: random, shown once, and only their hashes at rest.

A key is `sw_ID_SECRET`. The secret has 256 random bits, so that a plain SHA-256 of it cannot be
guessed from; salts and slow hashes are for passwords that people choose.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.access.principal import Principal, check_scopes
from stillwatch.runtime.serve.names import check_name
from stillwatch.runtime.serve.storage.schema import open_state, passing

__all__ = ["ACCESS_FILE", "KEY_PREFIX", "KeyRow", "Keys", "open_access"]

ACCESS_FILE = "access.sqlite"
KEY_PREFIX = "sw_"
_TABLES = """
CREATE TABLE keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, scopes TEXT NOT NULL,
  made REAL NOT NULL) STRICT;
CREATE TABLE limits (name TEXT, kind TEXT, free_at REAL NOT NULL, PRIMARY KEY (name, kind)) STRICT;
"""
_FRESH = 1.0  # seconds until another process's change is looked for


class KeyRow(NamedTuple):
    """A key as it is stored."""

    id: str
    name: str
    hash: bytes
    scopes: str
    made: float


def open_access(folder: Path) -> sqlite3.Connection:
    """Returns a connection to the file of keys and limits in the folder."""
    return open_state(folder, name=ACCESS_FILE, tables=_TABLES)


class Keys:
    """The keys in a folder. A change by another process counts within a second."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError and TransientError, as `open_state`."""
        self._db = open_access(folder)
        self._looked, self._version = 0.0, -1
        self._rows: dict[str, KeyRow] = {}
        self._read()

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def add(self, name: str, scopes: str) -> str:
        """Returns a new key, which is nowhere else; raises InputError for a name that is taken."""
        check_name(name, "a key's name")
        listed = ",".join(sorted(check_scopes(scopes)))
        number, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = (number, name, hashlib.sha256(secret.encode()).digest(), listed, time.time())
        try:
            self._db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise InputError(
                f"there is a key called {name!r}: revoke it first, or choose another name"
            ) from None
        except sqlite3.OperationalError as error:
            raise passing(error) from error
        self._read()
        return f"{KEY_PREFIX}{number}_{secret}"

    def revoke(self, name: str) -> None:
        """Takes a key back; raises InputError where there is none of that name."""
        try:
            gone = self._db.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount
        except sqlite3.OperationalError as error:
            raise passing(error) from error
        if not gone:
            raise InputError(f"no key called {name[:80]!r}; see 'stillwatch keys list'")
        self._read()

    def listed(self) -> list[KeyRow]:
        """Returns the keys, the oldest first; never a secret."""
        self._refresh()
        return sorted(self._rows.values(), key=lambda row: row.made)

    def principal(self, key: str) -> Principal | None:
        """Returns who has a key; None for one that there is not.

        The number finds the row, and is no secret; the secret's hash is compared in constant time.
        """
        self._refresh()
        number, _, secret = key.removeprefix(KEY_PREFIX).partition("_")
        row = self._rows.get(number)
        result = hashlib.sha256(secret.encode()).digest()
        if not hmac.compare_digest(result, bytes(32) if row is None else row.hash) or row is None:
            return None
        return Principal(row.name, frozenset(row.scopes.split(",")))

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._looked < _FRESH:
            return
        self._looked = now
        if self._db.execute("PRAGMA data_version").fetchone()[0] != self._version:
            self._read()

    def _read(self) -> None:
        self._looked = time.monotonic()
        self._version = self._db.execute("PRAGMA data_version").fetchone()[0]
        result = self._db.execute("SELECT id, name, hash, scopes, made FROM keys")
        rows = (KeyRow(*row) for row in result)
        self._rows = {row.id: row for row in rows}
