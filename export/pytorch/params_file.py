"""Writes MXNet's .params files with NumPy alone: what `train/params.py` reads, the other way."""

import struct
from collections.abc import Mapping

import numpy as np

from stillwatch.runtime.arrays import AnyArray

__all__ = ["format_params"]

# The numbers of MXNet's src/ndarray/ndarray.cc; the layout is drawn in train/params.py.
_LIST_MAGIC = 0x112
_ARRAY_MAGIC = 0xF993FAC9
_DENSE, _CPU, _FLOAT32 = 0, 1, 0


def format_params(weights: Mapping[str, AnyArray]) -> bytes:
    """Returns the bytes of a .params file with these arrays, in single precision."""
    names = [name.encode() for name in weights]
    return b"".join(
        [
            struct.pack("<QQQ", _LIST_MAGIC, 0, len(weights)),
            *(_array(weight) for weight in weights.values()),
            struct.pack("<Q", len(names)),
            *(struct.pack("<Q", len(name)) + name for name in names),
        ]
    )


def _array(values: AnyArray) -> bytes:
    shape = struct.pack(f"<i{values.ndim}q", values.ndim, *values.shape)
    header = struct.pack("<Ii", _ARRAY_MAGIC, _DENSE) + shape
    return header + struct.pack("<iii", _CPU, 0, _FLOAT32) + np.asarray(values, "<f4").tobytes()
