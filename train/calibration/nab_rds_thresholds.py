"""The single-feature autoencoder's thresholds, from its normal series, whatever runs the network.

Without MXNet, so that export can set them for weights from elsewhere.
"""

from collections.abc import Callable

import numpy as np

from stillwatch.runtime.alarms.thresholds import error_quantiles, mean_plus_sigmas, normal_scores
from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.scoring.distance import squared_error
from stillwatch.runtime.scoring.scaling import Moments, ScalingPolicy, rolling_moments
from stillwatch.train.data.checkpoint import Calibration
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["calibrations", "fewest_rows"]


def fewest_rows(config: NabRdsConfig) -> int:
    """Returns how many normal values the thresholds of a configuration take."""
    longest = max(ScalingPolicy.parse(policy).history for policy in config.scaling)
    return max(2 * config.window, longest + 1)


def calibrations(
    values: Float64,
    trained: Moments,
    config: NabRdsConfig,
    reconstruct: Callable[[Float32], AnyArray],
) -> dict[str, Calibration]:
    """Returns the calibration that normal data give under each scaling policy, by its name.

    values: (T,), the sensor's units, at least `fewest_rows`. trained: the
    scaler of policies that do not roll. reconstruct: from scaled values (T, 1)
    to their reconstruction (T, 1), the state zero at each window.
    """
    result = {}
    for name in config.scaling:
        policy = ScalingPolicy.parse(name)
        moments, rows = trained, values[:, None]
        if policy.kind == "rolling":
            moments = rolling_moments(rows, policy.history)
            rows = rows[policy.history :]
        scaled = ((rows - moments.mean) / moments.scale).astype(np.float32)
        scores = squared_error(scaled, reconstruct(scaled))
        result[name] = Calibration(
            threshold=mean_plus_sigmas(scores, config.sigmas),
            error_quantiles=error_quantiles(scores),
            normal_scores=normal_scores(scores, config.window),
        )
    return result
