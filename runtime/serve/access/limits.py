"""Limits by key: so many requests and rows a second, with room for a burst, also after a restart.

The generic cell rate algorithm: one number a key and kind, the time at which
what was used is free again. (The library `limits` keeps its counts in memory
or on a server; here the one number is written to SQLite every second.)
"""

import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from stillwatch.runtime.serve.access.keys import open_access
from stillwatch.runtime.serve.problems import RequestError

__all__ = ["DEFAULT_RATES", "Limits"]

DEFAULT_RATES = {"requests": 2_000.0, "rows": 200_000.0}  # a second, for each key
_BURST = 2.0  # seconds' worth that may come at once
_SAVED_EVERY = 1.0  # seconds
_MOST = 10_000  # names that are remembered at once


class Limits:
    """What is left to each name. Used by the event loop's thread; another one saves."""

    def __init__(self, folder: Path, rates: Mapping[str, float] = DEFAULT_RATES) -> None:
        """rates: a second, by kind."""
        self._rates = dict(rates)
        self._db = open_access(folder)
        kept = self._db.execute("SELECT name, kind, free_at FROM limits").fetchall()
        self._free_at = {(name, kind): at for name, kind, at in kept}
        self._changed: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._saver = threading.Thread(target=self._save_often, name="limits", daemon=True)
        self._saver.start()

    def take(self, name: str, kind: str, count: int = 1) -> None:
        """Takes from what a name has left; raises RequestError 429 where that is less."""
        rate = self._rates[kind]
        now = time.time()  # not the monotonic clock, which a restart begins anew
        busy = max(0.0, self._free_at.get((name, kind), 0.0) - now)
        if busy > 2 * _BURST:  # a clock that was put back
            busy = _BURST
        wait = busy + count / rate - max(_BURST, count / rate)
        if wait > 0:
            raise RequestError(429, f"more than {rate:g} {kind} a second", retry=wait)
        with self._lock:
            if len(self._free_at) >= _MOST:
                self._free_at = {k: at for k, at in self._free_at.items() if at > now}
            self._free_at[name, kind] = now + busy + count / rate
            self._changed.add((name, kind))

    def close(self) -> None:
        """Saves, and lets go of the file."""
        self._ended.set()
        self._saver.join()
        self._db.close()

    def _save_often(self) -> None:
        while not self._ended.wait(_SAVED_EVERY):
            self._save()
        self._save()

    def _save(self) -> None:
        with self._lock:
            rows = [(*k, self._free_at[k]) for k in self._changed if k in self._free_at]
            self._changed.clear()
        if not rows:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO limits VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError:  # a full disk: the counts in memory still hold
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
