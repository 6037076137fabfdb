"""What a snapshot holds of a fleet, read back with nothing taken on trust."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import LARGEST, AnyArray, Float32, Float64
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.inputs import check_stride, fixed_moments
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Kept", "read_kept"]

_KINDS = {"policy": str, "stride": int, "answered": int, "finished": bool}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A fleet's options and history; see `Fleet`."""

    fixed: Moments | None
    rule: AlarmRule
    stride: int
    answered: int
    finished: bool
    history: Float64
    recent: Float32
    unjudged: Float64


def read_kept(
    figures: Mapping[str, Any], arrays: Mapping[str, AnyArray], info: CapsuleInfo, streams: int
) -> Kept:
    """Returns a snapshot's figures and arrays as a fleet's own.

    Raises KeyError, TypeError, ValueError or InputError for any that no fleet
    of this model would have saved.
    """
    for name, kind in _KINDS.items():
        if type(figures[name]) is not kind:
            raise ValueError(f"{name} {figures[name]!r}")
    if figures["answered"] < 0:
        raise ValueError(f"answered {figures['answered']}")
    channels = len(info.channels)
    fixed = None
    if "fixed_mean" in arrays or "fixed_scale" in arrays or not info.scaling.history:
        mean, scale = (_shaped(arrays[f"fixed_{n}"], (1, channels)) for n in ("mean", "scale"))
        fixed = fixed_moments(mean[0], scale[0], info)
    rule = alarm_rule(figures["policy"], info)
    history = _shaped(arrays["history"], (streams, None, channels))
    recent = _shaped(arrays["recent"], (streams, None))
    most = (0 if fixed else info.scaling.history, rule.rolling.length if rule.rolling else 0)
    if history.shape[1] > most[0] or recent.shape[1] > most[1]:
        raise ValueError("a history longer than the stream's")
    if not (np.abs(history) <= LARGEST).all():
        raise ValueError("a history that no values lead to")
    unjudged = history[:, :0]
    if rule.budget is not None:
        if "unjudged" not in arrays:
            raise InputError("its budget is of an older stillwatch, and is called tail(...) now")
        unjudged = _shaped(arrays["unjudged"], (streams, None, channels))
        if unjudged.shape[1] >= 2 * info.window:
            raise ValueError("more rows without an answer than a window has")
    return Kept(
        fixed=fixed,
        rule=rule,
        stride=check_stride(None if info.state else figures["stride"], info),
        answered=figures["answered"],
        finished=figures["finished"],
        history=history,
        recent=recent,
        unjudged=unjudged,
    )


def _shaped(array: AnyArray, shape: tuple[int | None, ...]) -> AnyArray:
    sizes = zip(shape, array.shape, strict=True)
    wanted = tuple(result if size is None else size for size, result in sizes)
    if array.shape != wanted or not np.isfinite(array).all():
        raise ValueError(f"an array of shape {array.shape} in place of {shape}")
    return array
