"""The single-feature autoencoder's scaler and thresholds from a normal series, without MXNet."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from stillwatch.export.families.table import reconstruction
from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.scoring.scaling import series_moments
from stillwatch.train.calibration.nab_rds_thresholds import calibrations, fewest_rows
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["calibrated"]


def calibrated(
    checkpoint: Checkpoint, weights: Mapping[str, AnyArray], normal: Float64 | None
) -> Checkpoint:
    """Returns the checkpoint with scaler and thresholds of a series, as training would set them.

    normal: (T,), the sensor's units. Raises InputError where it is too short or not finite,
    CheckpointError for a network that has its scaler and thresholds otherwise.
    """
    config = checkpoint.config
    if not isinstance(config, NabRdsConfig):
        raise CheckpointError(f"expected a network of family nab-rds, got {checkpoint.family}")
    fewest = fewest_rows(config)
    if normal is None or normal.ndim != 1 or len(normal) < fewest or not np.isfinite(normal).all():
        got = "none" if normal is None else f"{normal.shape}"
        raise InputError(
            f"expected a normal series of at least {fewest} finite values for nab-rds, whose "
            f"scaler and thresholds come from it, got {got}"
        )
    trained = series_moments(normal[:, None])

    def reconstruct(scaled: Float32) -> Float64:
        return reconstruction(checkpoint, weights, scaled.astype(np.float64))

    return dataclasses.replace(
        checkpoint,
        mean=tuple(map(float, trained.mean[0])),
        scale=tuple(map(float, trained.scale[0])),
        calibrations=calibrations(normal, trained, config, reconstruct),
        data={"name": "given", "rows": len(normal), "sha256": fingerprint([normal])},
    )
