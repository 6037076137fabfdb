"""Feeding streams and fleets in chunks, and comparing what comes back to the last bit."""

from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import strategies as st

from stillwatch.runtime import Result

FIELDS = ("score", "alarm", "reconstruction", "error", "contribution")


def sizes(*beside: int, most: int) -> st.SearchStrategy[list[int]]:
    """Chunk sizes, to be used over and over; often those on, beside and across `beside`."""
    near = sorted({max(1, at + off) for at in beside for off in (-1, 0, 1)} | {1, 7})
    return st.lists(st.one_of(st.sampled_from(near), st.integers(1, most)), min_size=1)


def spans(length: int, sizes: Sequence[int]) -> Iterator[slice]:
    """The chunks of so many rows that follow from the sizes, over and over."""
    start = turn = 0
    while start < length:
        stop = start + sizes[turn % len(sizes)]
        yield slice(start, min(stop, length))
        start, turn = stop, turn + 1


def joined(parts: Sequence[Result], time: int = 0) -> Result:
    """Results that follow each other as one; each must begin where the one before it ended."""
    follows = parts[0].start
    for part in parts:
        assert part.start == follows
        follows += part.score.shape[time]
    columns = ([getattr(part, name) for part in parts] for name in FIELDS)
    return Result(*(np.concatenate(column, axis=time) for column in columns), parts[0].start)


def assert_equal(found: Result, expected: Result) -> None:
    """To the bit: a value's arithmetic does not depend on its neighbours in a call."""
    for name in FIELDS:
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, name)
