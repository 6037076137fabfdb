"""Versions of the capsules that are served: the given one, and what recalibration made of it."""

import sqlite3
import time
from typing import NamedTuple

from stillwatch.runtime.capsule import digest
from stillwatch.runtime.errors import InputError

__all__ = ["Version", "Versions"]


class Version(NamedTuple):
    """A capsule under a model's name. note: what was said of it when it was made."""

    model: str
    version: int
    content: bytes
    note: str


class Versions:
    """What the state file holds of each model. As the store, not shared among threads at once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """db: of the state."""
        self._db = db

    def given(self, model: str, content: bytes) -> Version:
        """Returns the version that answers to a model's name, once this capsule was given for it.

        One that is known stays as it is, and what recalibration made of it
        goes on answering; another becomes a version of its own, and answers.
        """
        known = self._db.execute(
            "SELECT 1 FROM versions WHERE model = ? AND digest = ?", (model, digest.of(content))
        ).fetchone()
        if known is None:
            self.add(model, content, "given")
        return self.active(model)

    def add(self, model: str, content: bytes, note: str) -> Version:
        """Returns a new version, which answers from now on."""
        row = self._db.execute("SELECT max(version) FROM versions WHERE model = ?", (model,))
        number = int(row.fetchone()[0] or 0) + 1
        own = not self._db.in_transaction
        if own:
            self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(
            "INSERT INTO versions (model, version, digest, content, made, note) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (model, number, digest.of(content), content, time.time(), note),
        )
        self._activate(model, number)
        if own:
            self._db.execute("COMMIT")
        return Version(model, number, content, note)

    def active(self, model: str) -> Version:
        """Returns the version that answers; raises InputError for a model that was never served."""
        result = self._db.execute(
            "SELECT v.model, v.version, v.content, v.note FROM versions v JOIN active a "
            "ON v.model = a.model AND v.version = a.version WHERE v.model = ?",
            (model,),
        ).fetchone()
        if result is None:
            raise InputError(
                f"no model called {model[:80]!r} in this state: it has {', '.join(self.models())}"
            )
        return Version(*result)

    def active_numbers(self) -> dict[str, int]:
        """Returns the number of the version that answers, by model."""
        return dict(self._db.execute("SELECT model, version FROM active").fetchall())

    def models(self) -> list[str]:
        """Returns the names of the models."""
        return [name for (name,) in self._db.execute("SELECT model FROM active ORDER BY model")]

    def roll_back(self, model: str) -> Version:
        """Returns the version before the one that answers, which answers from now on."""
        now = self.active(model).version
        row = self._db.execute(
            "SELECT max(version) FROM versions WHERE model = ? AND version < ?", (model, now)
        ).fetchone()
        if row[0] is None:
            raise InputError(f"version {now} of {model!r} is the first: there is none before it")
        self._activate(model, row[0])
        return self.active(model)

    def _activate(self, model: str, version: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO active VALUES (?, ?)", (model, version))
