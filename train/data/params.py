"""Reads MXNet's .params files with NumPy alone, and never trusts a length they claim.

Layout, little-endian, as MXNet 1.5 to 1.9 write it (src/ndarray/ndarray.cc):

    uint64 0x112, uint64 0                      the list's magic number
    uint64 n, then n arrays, each
        uint32 0xF993FAC9 (or ..CA)             array format V2 (V3: NumPy shapes)
        int32  0                                dense storage
        int32  ndim, ndim x int64               shape
        int32, int32                            device type and number
        int32                                   type flag
        the values                              row-major
    uint64 n, then n names, each uint64 length and as many bytes of UTF-8

Every count is compared with the bytes that are left before anything of that
size is made, so a file that claims a terabyte costs nothing.
"""

import math
import struct
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError

__all__ = ["parse_params", "read_params"]

_LIST_MAGIC = 0x112
_ARRAY_MAGICS = (0xF993FAC9, 0xF993FACA)
_DENSE = 0
_MOST_DIMENSIONS = 8
_SMALLEST_ARRAY = 24  # bytes of an array's header with no dimension
_TYPES = {0: "<f4", 1: "<f8", 2: "<f2", 3: "<u1", 4: "<i4", 5: "<i1", 6: "<i8", 7: "<b1"}


def read_params(path: str | Path) -> dict[str, AnyArray]:
    """Returns the arrays of a .params file by name; raises CheckpointError."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    return parse_params(content, str(path))


def parse_params(content: bytes, name: str = "the .params file") -> dict[str, AnyArray]:
    """Returns the arrays in the bytes of a .params file by name; raises CheckpointError."""
    reader = _Reader(content, name)
    magic, reserved = reader.unpack("<QQ")
    if magic != _LIST_MAGIC or reserved:
        raise CheckpointError(f"{name} is not an MXNet .params file: it begins {content[:8].hex()}")
    arrays = [_array(reader) for _ in range(reader.count(_SMALLEST_ARRAY))]
    names = [_name(reader) for _ in range(reader.count(8))]
    if len(names) != len(arrays) or len(set(names)) != len(names):
        raise CheckpointError(
            f"{name} expected a name of its own for each of {len(arrays)} arrays, got {names}"
        )
    if reader.left:
        raise CheckpointError(f"{name} has {reader.left} bytes after its end")
    return dict(zip(names, arrays, strict=True))


class _Reader:
    """Takes bytes off a buffer, and refuses to take more than there are."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content = memoryview(content)
        self._at = 0
        self.name = name

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def take(self, size: int) -> memoryview:
        if size > self.left:
            raise CheckpointError(
                f"{self.name} is cut short or damaged: it claims {size} bytes at offset "
                f"{self._at}, and {self.left} are left"
            )
        self._at += size
        return self._content[self._at - size : self._at]

    def unpack(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def count(self, smallest: int) -> int:
        """Takes a count of things that are at least `smallest` bytes each."""
        (count,) = self.unpack("<Q")
        if count * smallest > self.left:
            raise CheckpointError(
                f"{self.name} is cut short or damaged: it claims {count} entries, and "
                f"{self.left} bytes are left"
            )
        return count


def _array(reader: _Reader) -> AnyArray:
    magic, storage, ndim = reader.unpack("<Iii")
    if magic not in _ARRAY_MAGICS or storage != _DENSE:
        raise CheckpointError(
            f"{reader.name} has an array of an unknown kind (magic {magic:#x}, storage {storage}): "
            "expected dense arrays as MXNet 1.5 to 1.9 save them"
        )
    if not 0 <= ndim <= _MOST_DIMENSIONS:
        raise CheckpointError(f"{reader.name} is damaged: it claims an array of {ndim} dimensions")
    shape = reader.unpack(f"<{ndim}q")
    _device, _number, flag = reader.unpack("<iii")
    if min(shape, default=1) < 1 or flag not in _TYPES:
        raise CheckpointError(
            f"{reader.name} is damaged: it claims an array of shape {shape} and type flag {flag}"
        )
    dtype = np.dtype(_TYPES[flag])
    values = np.frombuffer(reader.take(math.prod(shape) * dtype.itemsize), dtype)
    return values.reshape(shape).copy()


def _name(reader: _Reader) -> str:
    (length,) = reader.unpack("<Q")
    try:
        return bytes(reader.take(length)).decode()
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{reader.name} is damaged: a name is not UTF-8") from error
