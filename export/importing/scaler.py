"""The scaler that a network was trained behind: numbers, normal data, or scikit-learn's attributes.

A capsule takes raw values and scales them as (value - mean) / scale. Min-max
scaling to (a, b) is that, too: scale = (max - min) / (b - a), mean = min - a scale.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.export.importing.bounded import read_file
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import CheckpointError, InputError

__all__ = ["Scaler", "scaler_of_json", "scaler_of_numbers"]

_WANTED = (
    '{"mean_": [...], "scale_": [...]} of a StandardScaler, or {"data_min_": [...], '
    '"data_max_": [...], "feature_range": [0, 1]} of a MinMaxScaler'
)


@dataclass(frozen=True)
class Scaler:
    """mean, scale: (C,), the sensors' units."""

    mean: Float64
    scale: Float64


def scaler_of_numbers(mean: str, scale: str, channels: int) -> Scaler:
    """Returns the scaler of two texts, one number or one a channel with commas; InputError."""
    return _checked(_numbers(mean, "--mean"), _numbers(scale, "--scale"), channels)


def scaler_of_json(path: Path, channels: int) -> Scaler:
    """Returns the scaler in a scikit-learn scaler's attributes as JSON; raises CheckpointError."""
    content = read_file(path)
    if content[:1] == b"\x80" or path.suffix in (".pkl", ".joblib", ".pickle"):
        raise CheckpointError(
            f"{path} is a pickle, which runs code when it is read: write its attributes as JSON, "
            f"{_WANTED}"
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON: expected {_WANTED}") from error
    if not isinstance(document, dict):
        raise CheckpointError(f"{path}: expected {_WANTED}")
    if "mean_" in document and "scale_" in document:
        mean = _list(document["mean_"], path)
        return _checked(mean, _list(document["scale_"], path), channels)
    if "data_min_" in document and "data_max_" in document:
        low, high = _list(document["data_min_"], path), _list(document["data_max_"], path)
        a, b = _list(document.get("feature_range", [0, 1]), path)[:2]
        if low.shape != high.shape or not b > a:
            raise CheckpointError(f"{path}: expected {_WANTED}")
        scale = (high - low) / (b - a)
        scale[scale == 0] = 1.0  # as scikit-learn does with a constant column
        return _checked(low - a * scale, scale, channels)
    raise CheckpointError(
        f"{path}: expected {_WANTED}, got {', '.join(map(ascii, document))[:120]}"
    )


def _numbers(text: str, option: str) -> Float64:
    try:
        return np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise InputError(f"expected {option} as numbers with commas, got {text[:60]!a}") from error


def _list(value: Any, path: Path) -> Float64:
    try:
        array = np.array(value, np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{path}: expected {_WANTED}") from error
    return array


def _checked(mean: Float64, scale: Float64, channels: int) -> Scaler:
    mean, scale = (np.repeat(a, channels) if a.size == 1 else a for a in (mean, scale))
    if mean.shape != (channels,) or scale.shape != (channels,):
        raise InputError(
            f"expected a mean and a scale for each of {channels} channels, got {mean.size} and "
            f"{scale.size}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise InputError("expected finite means, and scales above 0")
    return Scaler(mean, scale)
