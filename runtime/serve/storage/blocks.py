"""Rows that are kept, in blocks as they came: values, and what was said of them. The oldest go."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.result import Result

__all__ = ["Block", "Blocks", "KeptRows", "blocks_of"]

# What a block holds of its rows: the values, what was said of them, or both. A windowed model says
# it of other rows than came.
VALUES, VERDICTS, BOTH = "values", "verdicts", "both"
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
    content: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.content) + _OVERHEAD


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


def blocks_of(
    stream: str, first: int, values: Float64, keys: tuple[float, ...] | None, result: Result
) -> list[Block]:
    """Returns the blocks of new rows: values (T, C), their keys, and the result that they brought.

    One where that is of the same rows, two where it is of others.
    """
    count = len(values)
    marks = np.full(count, np.nan) if keys is None else np.array(keys, np.float64)
    content = marks.astype("<f8").tobytes() + values.astype("<f8").tobytes()
    low, high = (None, None) if keys is None else (float(keys[0]), float(keys[-1]))
    said = _said(result)
    if result.start == first and len(result.score) == count:
        return [Block(stream, BOTH, first, count, low, high, content + said)]
    blocks = [Block(stream, VALUES, first, count, low, high, content)]
    if said:
        answered = len(result.score)
        blocks.append(Block(stream, VERDICTS, result.start, answered, None, None, said))
    return blocks


def _said(result: Result) -> bytes:
    """Returns what was said of the rows of a result: scores, surprises, alarms."""
    surprise = np.full_like(result.score, np.nan) if result.surprise is None else result.surprise
    known = ~np.isnan(result.score) | result.alarm
    alarm = np.where(known, result.alarm, -1)
    parts = (result.score.astype("<f4"), surprise.astype("<f4"), alarm.astype("i1"))
    return b"".join(part.tobytes() for part in parts)


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
            "INSERT INTO blocks (stream, kind, first, rows, low, high, content, size) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*block, block.size) for block in listed],
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
            for _, start, rows, content in self._blocks(stream, VALUES, first, last)
        ]
        numbers = [np.arange(start, start + len(keys)) for start, keys, _ in result]
        row = np.concatenate([np.empty(0, np.int64), *numbers])
        key = np.concatenate([np.empty(0), *(keys for _, keys, _ in result)])
        values = np.concatenate([np.empty((0, channels)), *(part for _, _, part in result)])
        inside = (row >= first) & (row <= last)
        row, key, values = row[inside], key[inside], values[inside]
        said = np.full((3, len(row)), np.nan)
        said[2] = -1
        for kind, start, count, content in self._blocks(stream, VERDICTS, first, last):
            answered = np.arange(start, start + count)
            here = np.isin(answered, row)
            place = np.searchsorted(row, answered[here])
            begin = 8 * count * (1 + channels) if kind == BOTH else 0
            said[:, place] = np.stack(_verdicts_in(content[begin:], count))[:, here]
        return KeptRows(row, key, values, *said)

    def of_keys(self, stream: str, low: float, high: float, channels: int) -> KeptRows:
        """Returns the kept rows of a stream whose keys are from low to high."""
        ends = self._db.execute(
            "SELECT min(first), max(first + rows - 1) FROM blocks WHERE stream = ? AND "
            "kind IN (?, ?) AND high >= ? AND low <= ?",
            (stream, VALUES, BOTH, low, high),
        ).fetchone()
        if ends[0] is None:
            return self.rows(stream, 0, -1, channels)
        result = self.rows(stream, ends[0], ends[1], channels)
        inside = (result.key >= low) & (result.key <= high)
        return KeptRows(*(part[inside] for part in result))

    def _blocks(
        self, stream: str, kind: str, first: int, last: int
    ) -> list[tuple[str, int, int, bytes]]:
        """Returns kind, first row, number of rows and content of blocks that have this kind."""
        return self._db.execute(
            "SELECT kind, first, rows, content FROM blocks WHERE stream = ? AND kind IN (?, ?) AND "
            "first <= ? AND first + rows > ? ORDER BY first",
            (stream, kind, BOTH, last, first),
        ).fetchall()


def _values_in(content: bytes, rows: int, channels: int) -> tuple[Float64, Float64]:
    numbers = np.frombuffer(content, "<f8", rows * (1 + channels))
    return numbers[:rows], numbers[rows:].reshape(rows, channels)


def _verdicts_in(content: bytes, rows: int) -> tuple[AnyArray, AnyArray, AnyArray]:
    score, surprise = np.frombuffer(content, "<f4", 2 * rows).reshape(2, rows)
    return score, surprise, np.frombuffer(content, "i1", rows, 8 * rows)
