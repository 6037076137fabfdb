"""Data frames in and out: columns matched by name, the index kept; pandas or polars, if either.

Neither is imported here: who passes a frame has its library already.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import ExtraError, InputError

__all__ = ["Given", "Library", "build_frame", "matched", "matched_row"]

Library = Literal["pandas", "polars"]

_LIBRARIES: tuple[Library, ...] = ("pandas", "polars")
_NUMBERS = "biuf"  # NumPy's kinds: booleans, integers, floats


@dataclass(frozen=True)
class Given:
    """What a caller passed: the values, and what a frame of answers takes from it.

    values: as they came, or of a frame (T, C), of a series (T,). index: a
    pandas index, else None. library: the frame's; None for anything else.
    """

    values: Any
    index: Any = None
    library: Library | None = None


def matched(values: Any, channels: Sequence[str]) -> Given:
    """Returns a frame's columns in the channels' order; what is no frame stays as it is.

    Columns beyond the channels' are left alone. A series, one column, serves
    one channel whatever its name. Raises InputError where a channel has no
    column or more than one, or a column holds no numbers.
    """
    library, kind = _kind(values)
    if library is None:
        return Given(values)
    index = values.index if library == "pandas" else None
    if kind == "Series":
        if len(channels) != 1:
            raise InputError(
                f"expected a frame with a column for each of {len(channels)} channels "
                f"({_some(channels)}), got one series"
            )
        return Given(_numbers(values, str(values.name)), index, library)
    columns = list(values.columns)
    for channel in channels:
        if columns.count(channel) != 1:
            problem = "no column" if channel not in columns else "more than one column"
            raise InputError(
                f"expected a column for each channel ({_some(channels)}), got a frame with "
                f"{problem} {channel!r}: it has {_some(columns)}"
                + ("; pass one column as a series" if len(channels) == 1 else "")
            )
    chosen = [_numbers(values[channel], channel) for channel in channels]
    return Given(np.stack(chosen, axis=1), index, library)


def matched_row(value: Any, channels: Sequence[str]) -> Any:
    """Returns one sample's numbers in the channels' order, of a pandas row; else what came."""
    library, kind = _kind(value)
    if library != "pandas" or kind != "Series" or len(channels) == 1:
        return value
    return matched(value.to_frame().T.infer_objects(), channels).values[0]


def build_frame(
    columns: Mapping[str, AnyArray], index: Any = None, library: Library | None = None
) -> Any:
    """Returns columns as a frame of `library`, pandas by default; raises ExtraError."""
    library = library or "pandas"
    try:
        frames = import_module(library)
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"a frame needs {library}, which is not installed: pip install {library}"
        ) from error
    if library == "polars":
        return frames.DataFrame(dict(columns))
    return frames.DataFrame(dict(columns), index=index)


def _kind(values: Any) -> tuple[Library | None, str]:
    """Returns whose frame or series this is, and which of both."""
    for library in _LIBRARIES:
        module = sys.modules.get(library)
        for kind in ("DataFrame", "Series"):
            result = getattr(module, kind, None)
            if isinstance(result, type) and isinstance(values, result):
                return library, kind
    return None, ""


def _numbers(column: Any, name: str) -> AnyArray:
    """Returns a column as float64, NaN where there is nothing; raises InputError."""
    kind = getattr(column.dtype, "kind", None)  # pandas: of its own nullable types, too
    if kind is None:
        kind = "f" if column.dtype.is_numeric() or str(column.dtype) == "Boolean" else "O"
    if kind not in _NUMBERS:
        raise InputError(f"expected numbers in column {name!r}, got {column.dtype}")
    if hasattr(column, "index"):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _some(names: Sequence[Any]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (", ..." if len(names) > 8 else "")
