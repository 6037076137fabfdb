"""The single-feature autoencoder's scaler and thresholds from a normal series, without MXNet."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from stillwatch.export.reference import nab_rds_reconstruction
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scaling import ScalingPolicy, rolling_moments, series_moments
from stillwatch.runtime.scoring import squared_error
from stillwatch.runtime.thresholds import error_quantiles, mean_plus_sigmas
from stillwatch.train.checkpoint import Calibration, Checkpoint
from stillwatch.train.config import NabRdsConfig
from stillwatch.train.fingerprint import fingerprint

__all__ = ["calibrated"]


def calibrated(
    checkpoint: Checkpoint,
    config: NabRdsConfig,
    weights: Mapping[str, AnyArray],
    normal: Float64 | None,
) -> Checkpoint:
    """Returns the checkpoint with scaler and thresholds of a series, as training would set them.

    normal: (T,), the sensor's units. Raises InputError where it is too short or not finite.
    """
    longest = max(ScalingPolicy.parse(policy).history for policy in config.scaling)
    fewest = max(2 * config.window, longest + 1)
    if normal is None or normal.ndim != 1 or len(normal) < fewest or not np.isfinite(normal).all():
        got = "none" if normal is None else f"{normal.shape}"
        raise InputError(
            f"expected a normal series of at least {fewest} finite values for nab-rds, whose "
            f"scaler and thresholds come from it, got {got}"
        )
    rows = normal[:, None]
    trained = series_moments(rows)
    calibrations = {}
    for policy in config.scaling:
        history = ScalingPolicy.parse(policy).history
        moments = rolling_moments(rows, history) if history else trained
        scaled = (rows[history:] - moments.mean) / moments.scale
        scores = squared_error(scaled, nab_rds_reconstruction(checkpoint, weights, scaled))
        threshold = mean_plus_sigmas(scores, config.sigmas)
        calibrations[policy] = Calibration(
            threshold=threshold, error_quantiles=error_quantiles(scores)
        )
    return dataclasses.replace(
        checkpoint,
        mean=tuple(map(float, trained.mean[0])),
        scale=tuple(map(float, trained.scale[0])),
        calibrations=calibrations,
        data={"name": "given", "rows": len(normal), "sha256": fingerprint([normal])},
    )
