"""A calibrated capsule, and what it should score by NumPy."""

import numpy as np

from stillwatch.export.calibrate.calibration import Calibrated, calibrate
from stillwatch.export.calibrate.options import SHRINKAGE, CalibrationOptions
from stillwatch.export.families.repeat_vector import network_of, reconstruct
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.features import ROBUST, WITH_LEVEL
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from support.repeat_vectors import (
    make_capsule,
    random_weights,
)

WINDOW = 20
CONFIG = RepeatVectorConfig(units=5, layers=2, window=WINDOW)
# The distance squares a product with the whitening matrix in single precision, and what it is
# taken of has been through the network: 1e-5 of a feature, ten times that of its square.
SCORE_TOLERANCE = 1e-4


def calibrated(
    normal: Float64, config: RepeatVectorConfig = CONFIG, **options: object
) -> Calibrated:
    names = [f"sensor_{i}" for i in range(normal.shape[1])]
    content = make_capsule(config, 3)
    given = CalibrationOptions(channels=names, **options)  # type: ignore[arg-type]
    return calibrate(content, "made up", normal, given)


def by_numpy(
    config: RepeatVectorConfig, normal: Float64, values: Float64, kind: str = ROBUST
) -> Float64:
    """The scores of whole windows of `values`, from the definitions alone."""
    network = network_of(config, random_weights(config, 3))
    mean, scale = normal.mean(axis=0), normal.std(axis=0)
    if kind == ROBUST:
        scale = np.maximum(scale, np.ptp(normal, axis=0) / 50)
    scale[np.ptp(normal, axis=0) == 0] = 1

    def features(rows: Float64) -> Float64:
        x = (rows - mean) / scale
        residual = x - reconstruct(config, network, x)
        if kind == ROBUST:
            return 20 * np.arcsinh(np.hstack([residual, np.abs(residual), x]) / 20)
        error = np.abs(residual)
        return np.hstack([error, x]) if kind == WITH_LEVEL else error

    at_rest = features(normal)
    share = 0.03 if kind == ROBUST else SHRINKAGE
    sigma = np.atleast_2d(np.cov(at_rest.T, bias=True))
    sigma = sigma + share * np.diag(sigma).mean() * np.eye(len(sigma))
    off = features(values) - at_rest.mean(axis=0)
    scores: Float64 = np.einsum("ti,ij,tj->t", off, np.linalg.inv(sigma), off)
    return scores
