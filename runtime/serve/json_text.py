"""JSON as the service reads and writes it, by the library that FastAPI brings: pydantic-core.

Several times as fast as `json`, which was a third of what a small request cost.
"""

from typing import Any

from pydantic_core import from_json, to_json

__all__ = ["as_json", "read_json"]

_MARK = b"\xef\xbb\xbf"  # which some editors put before UTF-8


def as_json(document: Any) -> bytes:
    """Returns a document as JSON, without spaces; null for what is not finite, never NaN."""
    return to_json(document, inf_nan_mode="null")


def read_json(text: bytes) -> Any:
    """Returns what JSON in UTF-8 says; raises ValueError for what is none, NaN and Infinity."""
    return from_json(text.removeprefix(_MARK), allow_inf_nan=False)
