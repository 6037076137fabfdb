"""Tensors of the protocol: datatypes, JSON data and binary data.

Source: the Open Inference Protocol (V2), and its binary tensor data extension.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError

__all__ = ["DATATYPES", "from_binary", "from_json", "shape_of", "to_binary", "to_json"]

# By onnxruntime's name of the type: the protocol's, and NumPy's as it travels.
DATATYPES = {
    "tensor(bool)": ("BOOL", np.dtype("?")),
    "tensor(float)": ("FP32", np.dtype("<f4")),
    "tensor(double)": ("FP64", np.dtype("<f8")),
    "tensor(int32)": ("INT32", np.dtype("<i4")),
    "tensor(int64)": ("INT64", np.dtype("<i8")),
}
_MOST_AXES = 8


def shape_of(tensor: Mapping[str, Any], most: int) -> tuple[int, ...]:
    """Returns the shape that a tensor says; raises InputError. most: elements."""
    shape = tensor.get("shape")
    good = isinstance(shape, list) and len(shape) <= _MOST_AXES
    if not isinstance(shape, list) or not good or not all(type(n) is int and n >= 0 for n in shape):
        raise InputError(f"input {tensor['name'][:80]!r}: expected a shape, a list of numbers")
    size = math.prod(shape)
    if not 1 <= size <= most:
        raise InputError(f"input {tensor['name']!r}: expected 1 to {most} elements, got {size}")
    return tuple(shape)


def from_json(tensor: Mapping[str, Any], shape: Sequence[int], kind: np.dtype[Any]) -> AnyArray:
    """Returns the data of JSON, flat or nested, row-major; raises InputError."""
    data = tensor.get("data")
    name = tensor["name"]
    if not isinstance(data, list):
        raise InputError(f"input {name!r}: expected data, a list")
    try:
        result = np.array(data)
    except (ValueError, OverflowError):
        raise InputError(f"input {name!r}: expected data of one shape") from None
    kinds = {"b": "b", "i": "iu", "f": "iuf"}[kind.kind]
    if result.dtype.kind not in kinds:
        raise InputError(f"input {name!r}: expected numbers of its datatype")
    size = math.prod(shape)
    if result.size != size:
        raise InputError(f"input {name!r}: expected {size} elements, got {result.size}")
    with np.errstate(over="ignore"):  # what becomes infinite is refused below
        array: AnyArray = result.astype(kind).reshape(shape)
    return array


def from_binary(content: bytes, name: str, shape: Sequence[int], kind: np.dtype[Any]) -> AnyArray:
    """Returns binary data, little-endian and row-major; raises InputError."""
    expected = math.prod(shape) * kind.itemsize
    if len(content) != expected:
        raise InputError(f"input {name!r}: expected {expected} bytes, got {len(content)}")
    result = np.frombuffer(content, "u1" if kind.kind == "b" else kind).reshape(shape)
    return result.astype(bool) if kind.kind == "b" else result


def to_json(array: AnyArray) -> list[Any]:
    """Returns an array as flat JSON data; null where it is not finite, which JSON cannot say."""
    flat = array.reshape(-1)
    listed: list[Any] = flat.tolist()
    if array.dtype.kind == "f" and not np.isfinite(flat).all():
        return [x if abs(x) < float("inf") else None for x in listed]
    return listed


def to_binary(array: AnyArray) -> bytes:
    """Returns an array as binary data."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
