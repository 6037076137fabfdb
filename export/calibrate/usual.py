"""The normal rows as a network sees them, with a scaler that no incident among them has moved."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.calibrate.unlike import unlike_rows
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.scoring.features import features
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Decode", "Usual", "usual_rows"]

# From the moments (1, C) of a scaler: the scaled rows and their reconstruction, (T, C) each.
Decode = Callable[[Moments], tuple[Float64, Float64]]


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What a calibration goes by; scaled and decoded: (T, C), features: (T, F), of all rows.

    unlike: (T,), rows that look unlike the rest. usual: (T,), those that count.
    """

    moments: Moments
    scaled: Float64
    decoded: Float64
    features: Float64
    unlike: Bool
    usual: Bool


def usual_rows(
    normal: Float64, decode: Decode, options: CalibrationOptions, scaler: Moments | None = None
) -> Usual:
    """Returns normal rows (T, C) as a network sees them, and which of them count.

    Rows that look unlike the rest are found under a scaler of all rows; the scaler
    is then fitted again without them, and everything is seen through that one.
    scaler: one that stays, whatever the rows.
    """
    moments = scaler or options.moments(normal)
    scaled, decoded = decode(moments)
    seen = features(options.features, scaled, decoded)
    unlike = unlike_rows(seen, options.shrinkage)
    usual = np.ones(len(unlike), bool) if options.keep_all else ~unlike
    if scaler is None and not usual.all():
        moments = options.moments(normal[usual])
        scaled, decoded = decode(moments)
        seen = features(options.features, scaled, decoded)
    return Usual(
        moments=moments,
        scaled=scaled,
        decoded=decoded,
        features=seen,
        unlike=unlike,
        usual=usual,
    )
