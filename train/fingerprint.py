"""A fingerprint of data: the same figures give the same text on any machine."""

import hashlib
from collections.abc import Iterable

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["fingerprint"]


def fingerprint(arrays: Iterable[Float64]) -> str:
    """Returns the SHA-256 of arrays' float64 values, row-major and little-endian."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, "<f8").tobytes())
    return digest.hexdigest()
