"""JSON into dataclasses, strictly: whatever is missing, unknown or of another type is refused."""

import dataclasses
import math
import types
import typing
from typing import Any

__all__ = ["decoded"]


def decoded(kind: Any, value: Any, place: str) -> Any:
    """Returns `value` as `kind`; raises TypeError or ValueError naming the place."""
    if dataclasses.is_dataclass(kind):
        return _decoded_object(kind, value, place)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is list and isinstance(value, list):
        return [decoded(inner[0], item, f"{place}[{i}]") for i, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {key: decoded(inner[1], item, f"{place}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    if kind is float and type(value) in (int, float):
        if not math.isfinite(value):
            raise ValueError(f"{place}: expected a finite float, got {value}")
        return float(value)
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and type(value) is kind:
        return value
    raise TypeError(f"{place}: expected {getattr(kind, '__name__', kind)}, got {str(value)[:60]!r}")


def _decoded_object(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise TypeError(f"{place}: expected an object, got {str(value)[:60]!r}")
    hints = typing.get_type_hints(kind)
    if odd := sorted(set(hints) ^ set(value)):
        raise ValueError(f"{place}: these fields are missing or not known: {', '.join(odd)}")
    return kind(**{name: decoded(hints[name], value[name], f"{place}.{name}") for name in hints})
