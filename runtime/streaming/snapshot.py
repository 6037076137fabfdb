"""Snapshots: a small state as bytes that are either whole and right, or refused.

    magic, 20 bytes | header length, 4 bytes | header, JSON | arrays | SHA-256, 32 bytes

The header holds the figures, and each array's name, type and shape; the
arrays follow, little-endian, in that order. Nothing in it is executed.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import SnapshotError

__all__ = ["VERSION", "pack", "unpack"]

VERSION = 1
_MAGIC = b"stillwatch snapshot\n"
_TYPES = ("<f4", "<f8", "<i8", "|u1")
_MOST_BYTES = 2**31


def pack(kind: str, figures: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> bytes:
    """Returns figures, as JSON has them, and arrays as one string of bytes."""
    contents = [np.ascontiguousarray(array) for array in arrays.values()]
    described = [
        [name, array.dtype.newbyteorder("<").str, list(array.shape)]
        for name, array in zip(arrays, contents, strict=True)
    ]
    header = {"version": VERSION, "kind": kind, "figures": figures, "arrays": described}
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    parts = [array.astype(array.dtype.newbyteorder("<")).tobytes() for array in contents]
    content = b"".join([_MAGIC, len(text).to_bytes(4, "little"), text, *parts])
    return content + hashlib.sha256(content).digest()


def unpack(kind: str, content: bytes) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Returns the figures and arrays that `pack` was given; raises SnapshotError."""
    if not content.startswith(_MAGIC):
        raise SnapshotError("expected a stillwatch snapshot, got other bytes")
    body, digest = content[:-32], content[-32:]
    if hashlib.sha256(body).digest() != digest:
        raise SnapshotError(
            "the snapshot is damaged or cut short: its digest does not match; start afresh "
            "without it"
        )
    try:
        start = len(_MAGIC) + 4
        end = start + int.from_bytes(body[start - 4 : start], "little")
        header = json.loads(body[start:end])
        if header["version"] != VERSION:
            raise SnapshotError(
                f"the snapshot has version {header['version']!r}, this stillwatch reads {VERSION}"
            )
        if header["kind"] != kind:
            raise SnapshotError(f"expected the snapshot of a {kind}, got one of {header['kind']!r}")
        return dict(header["figures"]), _arrays(header["arrays"], body[end:])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SnapshotError(f"the snapshot does not fit its schema: {error}") from error


def _arrays(described: list[Any], content: bytes) -> dict[str, AnyArray]:
    arrays = {}
    start = 0
    for name, kind, shape in described:
        if kind not in _TYPES or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"an array of type {kind!r} and shape {shape!r}")
        count = 1
        for size in shape:
            count *= size
        stop = start + count * np.dtype(kind).itemsize
        if stop > min(len(content), _MOST_BYTES):
            raise ValueError(f"array {name!r} is larger than the snapshot")
        arrays[str(name)] = np.frombuffer(content[start:stop], kind).reshape(shape).copy()
        start = stop
    if start != len(content):
        raise ValueError("more bytes than its arrays take")
    return arrays
