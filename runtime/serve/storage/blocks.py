"""Rows that are kept, in blocks as they came: values, and what was said of them. The oldest go."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.result import Result

__all__ = ["Block", "Blocks", "KeptRows", "values_block", "verdicts_block"]

VALUES, VERDICTS = "values", "verdicts"
_OVERHEAD = 100  # bytes of a block beside its content
_LEFT = 0.98  # of the most, when some have gone


class Block(NamedTuple):
    """A block to write: columns of the table; rows: how many."""

    stream: str
    kind: str
    first: int
    rows: int
    low: float | None
    high: float | None
    size: int
    content: bytes


class KeptRows(NamedTuple):
    """Rows of a stream, (N,): numbers, keys (NaN for none), values (N, C), and what was said.

    score, surprise: NaN where there is none (yet). alarm: 1, 0, or -1 where there is none.
    """

    row: AnyArray
    key: Float64
    values: Float64
    score: AnyArray
    surprise: AnyArray
    alarm: AnyArray


def values_block(stream: str, first: int, values: Float64, keys: tuple[float, ...] | None) -> Block:
    """Returns the block of values (T, C) and their keys."""
    marks = np.full(len(values), np.nan) if keys is None else np.array(keys, np.float64)
    content = marks.astype("<f8").tobytes() + values.astype("<f8").tobytes()
    low, high = (None, None) if keys is None else (float(keys[0]), float(keys[-1]))
    size = len(content) + _OVERHEAD
    return Block(stream, VALUES, first, len(values), low, high, size, content)


def verdicts_block(stream: str, result: Result) -> Block:
    """Returns the block of what was said of the rows of a result, (T,)."""
    surprise = np.full_like(result.score, np.nan) if result.surprise is None else result.surprise
    known = ~(np.isnan(result.score) & ~result.alarm)
    alarm = np.where(known, result.alarm, -1)
    parts = (result.score.astype("<f4"), surprise.astype("<f4"), alarm.astype("i1"))
    content = b"".join(part.tobytes() for part in parts)
    size = len(content) + _OVERHEAD
    return Block(stream, VERDICTS, result.start, len(alarm), None, None, size, content)


class Blocks:
    """The kept rows of all streams, no more than so many bytes. As the store, not shared."""

    def __init__(self, db: sqlite3.Connection, most: int) -> None:
        """most: bytes."""
        self._db, self._most = db, most
        self._held = int(db.execute("SELECT coalesce(sum(size), 0) FROM blocks").fetchone()[0])

    def add(self, blocks: Iterable[Block]) -> None:
        """Writes blocks, and lets the oldest go; within a transaction."""
        listed = list(blocks)
        self._db.executemany(
            "INSERT INTO blocks (stream, kind, first, rows, low, high, size, content) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            listed,
        )
        self._held += sum(block.size for block in listed)
        if self._held > self._most:
            self._let_go()

    def _let_go(self) -> None:
        """Lets the oldest go, and a few more, so that few batches pay for it."""
        last = 0
        oldest = self._db.execute("SELECT id, size FROM blocks ORDER BY id")
        for number, size in oldest:
            if self._held <= _LEFT * self._most:
                break
            last = number
            self._held -= size
        oldest.close()
        self._db.execute("DELETE FROM blocks WHERE id <= ?", (last,))

    def rows(self, stream: str, first: int, last: int, channels: int) -> KeptRows:
        """Returns the kept rows of a stream with numbers from first to last, both among them."""
        result = [
            (start, *_values_in(content, rows, channels))
            for start, rows, content in self._blocks(stream, VALUES, first, last)
        ]
        numbers = [np.arange(start, start + len(keys)) for start, keys, _ in result]
        row = np.concatenate([np.empty(0, np.int64), *numbers])
        key = np.concatenate([np.empty(0), *(keys for _, keys, _ in result)])
        values = np.concatenate([np.empty((0, channels)), *(part for _, _, part in result)])
        inside = (row >= first) & (row <= last)
        row, key, values = row[inside], key[inside], values[inside]
        said = np.full((3, len(row)), np.nan)
        said[2] = -1
        for start, count, content in self._blocks(stream, VERDICTS, first, last):
            answered = np.arange(start, start + count)
            here = np.isin(answered, row)
            place = np.searchsorted(row, answered[here])
            said[:, place] = np.stack(_verdicts_in(content, count))[:, here]
        return KeptRows(row, key, values, *said)

    def of_keys(self, stream: str, low: float, high: float, channels: int) -> KeptRows:
        """Returns the kept rows of a stream whose keys are from low to high."""
        ends = self._db.execute(
            "SELECT min(first), max(first + rows - 1) FROM blocks WHERE stream = ? AND "
            "kind = 'values' AND high >= ? AND low <= ?",
            (stream, low, high),
        ).fetchone()
        if ends[0] is None:
            return self.rows(stream, 0, -1, channels)
        result = self.rows(stream, ends[0], ends[1], channels)
        inside = (result.key >= low) & (result.key <= high)
        return KeptRows(*(part[inside] for part in result))

    def _blocks(
        self, stream: str, kind: str, first: int, last: int
    ) -> list[tuple[int, int, bytes]]:
        return self._db.execute(
            "SELECT first, rows, content FROM blocks WHERE stream = ? AND kind = ? AND "
            "first <= ? AND first + rows > ? ORDER BY first",
            (stream, kind, last, first),
        ).fetchall()


def _values_in(content: bytes, rows: int, channels: int) -> tuple[Float64, Float64]:
    numbers = np.frombuffer(content, "<f8")
    return numbers[:rows], numbers[rows:].reshape(rows, channels)


def _verdicts_in(content: bytes, rows: int) -> tuple[AnyArray, AnyArray, AnyArray]:
    score, surprise = np.frombuffer(content, "<f4", 2 * rows).reshape(2, rows)
    return score, surprise, np.frombuffer(content, "i1", rows, 8 * rows)
