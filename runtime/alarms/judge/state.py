"""The judge's state as a flat set of arrays: named, repeated for a fleet, kept where a row is bad.

A state is a NamedTuple of arrays, whole numbers and further states; the last
axis of each array is the streams'.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Bool, Float64

__all__ = ["flat", "kept_where", "mapped", "ordered_mean", "refilled", "repeated"]

_State = TypeVar("_State")


def ordered_mean(rows: Float64) -> Float64:
    """Returns the mean (...) over time of rows (T, ...), summed from the first to the last.

    np.sum chooses its order by the shape, so that a stream alone would differ
    from the same in a fleet; np.cumsum has one order.
    """
    result: Float64 = np.cumsum(rows, axis=0)[-1] / len(rows)
    return result


def mapped(state: _State, function: Callable[[Float64], Float64]) -> _State:
    """Returns the state with each array turned into the function's answer."""
    if isinstance(state, np.ndarray):
        return function(state)  # type: ignore[return-value]
    if isinstance(state, tuple):
        return type(state)(*(mapped(part, function) for part in state))
    return state


def repeated(state: _State, streams: int) -> _State:
    """Returns the state of one stream, (..., 1), as so many have it, (..., B), in new memory."""
    return mapped(state, lambda array: np.repeat(array, streams, axis=-1))


def kept_where(bad: Bool, before: _State, after: _State) -> _State:
    """Returns the state after a row, or as it was before where the row is bad, (B,).

    Whole numbers count rows, the bad ones too.
    """
    if isinstance(after, np.ndarray) and after.dtype.kind != "i":
        result: Any = np.where(bad, cast(Float64, before), after)
        return cast(_State, result)
    if isinstance(after, tuple) and isinstance(before, tuple):
        pairs = zip(before, after, strict=True)
        return type(after)(*(kept_where(bad, old, new) for old, new in pairs))
    return after


def flat(state: Any, prefix: str = "") -> dict[str, AnyArray]:
    """Returns the state's arrays by name, "moments.mean"; whole numbers as arrays (1,)."""
    result: dict[str, AnyArray] = {}
    for name, part in state._asdict().items():
        if isinstance(part, tuple):
            result |= flat(part, f"{prefix}{name}.")
        else:
            result[prefix + name] = np.atleast_1d(np.asarray(part, np.float64))
    return result


def refilled(
    like: _State, arrays: Mapping[str, AnyArray], streams: int, prefix: str = ""
) -> _State:
    """Returns the state that `flat` took apart; `like` is one of the same form, of any streams.

    Raises KeyError or ValueError for arrays that no such state left.
    """
    result: dict[str, Any] = {}
    for name, part in like._asdict().items():  # type: ignore[attr-defined]
        if isinstance(part, tuple):
            result[name] = refilled(part, arrays, streams, f"{prefix}{name}.")
            continue
        array = arrays[prefix + name]
        if isinstance(part, int):
            if array.shape != (1,) or not 0 <= array[0] <= 2**53 or array[0] % 1:
                raise ValueError(f"{prefix}{name} {array!r}")
            result[name] = int(array[0])
            continue
        if array.shape != (*part.shape[:-1], streams):
            raise ValueError(f"{prefix}{name} of shape {array.shape}")
        result[name] = array.astype(np.float64)
    return type(like)(**result)
