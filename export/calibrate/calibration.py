"""Calibration: a network's scaler, Mahalanobis distance and thresholds, from normal data alone.

No training and no MXNet. Since a network of independent channels knows
nothing of particular sensors, one that was trained on some machines serves
any other, with any number of channels, once it has seen its normal data.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.calibrate.remarks import (
    constant_channels,
    few_rows,
    few_weeks,
    not_followed,
    unlike_rows_said,
)
from stillwatch.export.calibrate.source import Origin, origin_of
from stillwatch.export.calibrate.usual import usual_rows
from stillwatch.export.capsule.calibrated import Description
from stillwatch.export.graph.distance_nodes import Sensors
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.thresholds import error_quantiles, normal_scores
from stillwatch.runtime.arrays import LARGEST, Bool, Float64
from stillwatch.runtime.capsule.figures import CapsuleThreshold, DataOrigin
from stillwatch.runtime.capsule.info import Channel
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.distance import Mahalanobis, fit_mahalanobis
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.train.data.fingerprint import fingerprint

__all__ = ["Calibrated", "calibrate"]


@dataclass(frozen=True)
class Calibrated:
    """A calibrated capsule's bytes, and what there is to say of it.

    features: (T, F), what the distance was fitted on. errors: (T, C), scaled units.
    unlike: (T,), rows that look unlike the rest, of which neither scaler nor threshold is.
    """

    content: bytes
    features: Float64
    errors: Float64
    condition: float
    constant: tuple[str, ...]
    unlike: Bool
    remarks: tuple[str, ...]


def calibrate(
    content: bytes, name: str, normal: Float64, options: CalibrationOptions | None = None
) -> Calibrated:
    """Returns the capsule `content` with scaler, distance and thresholds of `normal` (T, C).

    Raises InputError for data that do not serve, CapsuleError for a capsule
    that holds no such network, windowed or of a recursive forecaster.
    """
    options = options or CalibrationOptions()
    origin = origin_of(content, name, options.ahead)
    build = origin.source.build
    names = tuple(options.channels or origin.channel_names)
    _check(normal, names, origin)
    description = _described(origin, names, normal, options)

    def decode(moments: Moments) -> tuple[Float64, Float64]:
        return _reconstructed(build(_scaled_by(moments), description), normal, moments)

    kept_scaler = _scaler_of(origin, names) if options.keep_scaler else None
    rows = usual_rows(normal, decode, options, kept_scaler)
    usual, scaled, decoded = (v[rows.usual] for v in (normal, rows.scaled, rows.decoded))
    spans = np.ptp(usual, axis=0)
    constant = tuple(n for n, span in zip(names, spans, strict=True) if not span)
    distance = fit_mahalanobis(rows.features[rows.usual], options.shrinkage)
    scores = distance.score(rows.features[rows.usual])
    rule = origin.source.threshold(scores, options.rate)
    judge = fit_judge(usual, options.period) if options.period else None
    sensors = _sensors(rows.moments, distance, rule, options)
    described = dataclasses.replace(
        description,
        threshold=dataclasses.replace(
            rule, condition=distance.condition, shrinkage=options.shrinkage
        ),
        error_quantiles=error_quantiles(scores),
        normal_scores=normal_scores(scores, origin.window),
        judge=judge,
    )
    return Calibrated(
        content=build(sensors, described, plain_inputs=options.plain_inputs),
        features=rows.features,
        errors=np.abs(rows.scaled - rows.decoded),
        condition=distance.condition,
        constant=constant,
        unlike=rows.unlike,
        remarks=(
            *constant_channels(constant),
            *few_rows(len(normal), rows.features.shape[1]),
            *not_followed(scaled, scaled - decoded, names),
            *unlike_rows_said(rows.unlike, options.keep_all),
            *few_weeks(judge, options.budget),
        ),
    )


def _described(
    origin: Origin, names: tuple[str, ...], normal: Float64, options: CalibrationOptions
) -> Description:
    """Returns what is said of the sensors before anything is fitted."""
    return Description(
        channels=tuple(Channel(n, "") for n in names),
        parameters=origin.parameters,
        data=DataOrigin(name=options.source, rows=len(normal), sha256=fingerprint([normal])),
        training=dataclasses.replace(origin.training, decoder=options.decoder),
    )


def _sensors(
    moments: Moments, distance: Mahalanobis, rule: CapsuleThreshold, options: CalibrationOptions
) -> Sensors:
    return dataclasses.replace(
        _scaled_by(moments),
        error_mean=distance.mean,
        whitening=distance.whitening,
        threshold=rule.value,
        count=rule.count,
        features=options.features,
    )


def _scaled_by(moments: Moments) -> Sensors:
    """Returns sensors of which the scaler alone is known."""
    unknown = Sensors.unknown(moments.mean.shape[1])
    return dataclasses.replace(unknown, mean=moments.mean[0], scale=moments.scale[0])


def _scaler_of(origin: Origin, names: tuple[str, ...]) -> Moments:
    """Returns the capsule's own scaler; raises InputError where it has none for these channels."""
    mean, scale = np.array(origin.mean), np.array(origin.scale)
    if len(mean) != len(names) or (not mean.any() and (scale == 1).all()):
        raise InputError(
            f"expected a capsule with a scaler for {len(names)} channels to keep, and it has none: "
            "give it to 'stillwatch import', by --scaler or --mean and --scale"
        )
    return Moments(mean[None], scale[None])


def _reconstructed(content: bytes, normal: Float64, moments: Moments) -> tuple[Float64, Float64]:
    """Returns scaled values and their reconstruction (T, C), by the runtime that will score."""
    detector = Detector.from_bytes(content, "the capsule being calibrated")
    scaled = (normal - moments.mean) / moments.scale
    result = detector.score(normal)
    # Of two ways back to scaled units the one that rounds less: the error's own, with its sign.
    residual = (normal - result.reconstruction.astype(np.float64)) / moments.scale
    error = np.copysign(result.error.astype(np.float64), residual)
    return scaled, scaled - error


def _check(normal: Float64, names: tuple[str, ...], origin: Origin) -> None:
    if normal.ndim != 2 or normal.shape[1] != len(names):
        raise InputError(f"expected {len(names)} channels as (T, {len(names)}), got {normal.shape}")
    if len(normal) < 2 * origin.window:
        raise InputError(
            f"expected at least {2 * origin.window} normal rows, two windows, got {len(normal)}"
        )
    if origin.joint and len(names) != len(origin.channel_names):
        raise InputError(
            f"this network takes {len(origin.channel_names)} channels at once, got {len(names)}; "
            "one of independent channels takes any number"
        )
    if not (np.abs(normal) <= LARGEST).all():  # False for NaN
        raise InputError("expected finite float32 normal data; see --fill")
