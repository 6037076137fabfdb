"""What may be fed to a model: the shape of values, and that they are numbers it can hold."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import LARGEST, SMALLEST, AnyArray, Float64
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.dataframes import matched
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.scaling import Moments

__all__ = [
    "as_array",
    "as_batch",
    "as_named_batch",
    "check_stride",
    "check_threads",
    "fixed_moments",
]


def as_array(values: npt.ArrayLike, info: CapsuleInfo | None = None) -> AnyArray:
    """Returns the values as an array; raises InputError where rows differ in length.

    A data frame's columns come in the order of the model's channels.
    """
    try:
        return np.asarray(values if info is None else matched(values, info.channel_names).values)
    except ValueError as error:
        raise InputError("expected numbers in rows of one length, got rows of several") from error


def as_batch(raw: AnyArray, info: CapsuleInfo) -> Float64:
    """Returns values (T,), (T, C) or (N, T, C) as (N, T, C); raises InputError."""
    return as_named_batch(raw, info.channel_names)


def as_named_batch(raw: AnyArray, names: Sequence[str]) -> Float64:
    """As `as_batch`, of a model whose channels have these names."""
    channels = len(names)
    try:
        values = raw.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"expected numbers, got an array of {raw.dtype}") from error
    if values.ndim == 1 and channels == 1:
        values = values[:, None]
    if values.ndim == 2:
        values = values[None]
    if values.ndim != 3 or values.shape[2] != channels:
        raise InputError(
            f"expected {channels} channel{'s' * (channels > 1)} as (T, {channels}) or "
            f"(N, T, {channels}), got shape {raw.shape}; see 'stillwatch info'"
        )
    if not values.size:
        raise InputError(f"expected at least one row, got shape {raw.shape}")
    if not (values.min() >= -LARGEST and values.max() <= LARGEST):  # False for NaN
        bad = np.argwhere(~(np.abs(values) <= LARGEST))
        series, row, channel = bad[0]
        raise InputError(
            f"expected finite float32 numbers, got {values[series, row, channel]} at row {row} "
            f"of channel {names[channel]!r} ({len(bad)} such in all)"
        )
    return values


def fixed_moments(
    mean: npt.ArrayLike | None, scale: npt.ArrayLike | None, info: CapsuleInfo
) -> Moments | None:
    """Returns the caller's mean and scale (1, C), the trained ones, or None for neither."""
    if (mean is None) != (scale is None):
        raise InputError("expected mean and scale together, got only one of them")
    if mean is not None and scale is not None:
        return Moments(_per_channel(mean, "mean", info), _per_channel(scale, "scale", info))
    if info.scaling.kind == "trained":
        return info.trained
    return None


def check_stride(stride: int | None, info: CapsuleInfo) -> int:
    """Returns the stride, by default the model's own; raises InputError."""
    if stride is None:
        return info.stride
    if info.state:
        raise InputError("a causal model answers each row: a stride is for windowed models")
    if not 1 <= stride <= info.window:
        raise InputError(f"expected a stride from 1 to {info.window}, got {stride}")
    return stride


def check_threads(threads: int) -> None:
    """Raises InputError for fewer threads than one."""
    if threads < 1:
        raise InputError(f"expected at least one thread, got {threads}")


def _per_channel(figures: npt.ArrayLike, what: str, info: CapsuleInfo) -> Float64:
    row = np.atleast_1d(as_array(figures)).astype(np.float64)
    fits = np.abs(row) <= LARGEST  # False for NaN
    if row.shape != (len(info.channels),) or not fits.all():
        raise InputError(
            f"expected a finite {what} for each channel ({len(info.channels)}), got {row}"
        )
    if what == "scale" and (row < SMALLEST).any():
        raise InputError(f"expected a scale above 0 for each channel, got {row}")
    return row[None]
