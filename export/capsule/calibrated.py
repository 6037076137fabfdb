"""What capsules with a distance of their sensors have in common: what they say, and a reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from stillwatch.export.capsule.golden import TOLERANCE, Reference
from stillwatch.export.capsule.seal import producer
from stillwatch.export.graph.distance_nodes import Sensors
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.capsule.figures import (
    CapsuleThreshold,
    DataOrigin,
    NormalScores,
    Training,
)
from stillwatch.runtime.capsule.info import SCHEMA_VERSION, CapsuleInfo, Channel, Golden
from stillwatch.runtime.scoring.distance import Mahalanobis
from stillwatch.runtime.scoring.features import by_channel, features
from stillwatch.runtime.scoring.scaling import ScalingPolicy
from stillwatch.train.families.config import Config

__all__ = ["Description", "calibrated_info", "distance_reference"]


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a capsule says of its sensors and its network beside the figures in its graph.

    threshold, error_quantiles, normal_scores, judge: what calibration found, none before it.
    """

    channels: tuple[Channel, ...]
    parameters: int
    data: DataOrigin
    training: Training
    threshold: CapsuleThreshold | None = None
    error_quantiles: Mapping[str, float] = field(default_factory=dict)
    normal_scores: NormalScores | None = None
    judge: JudgeSpec | None = None


def calibrated_info(
    config: Config,
    sensors: Sensors,
    description: Description,
    *,
    window: int,
    golden: tuple[Golden, ...],
) -> CapsuleInfo:
    """Returns what the capsule of a network without state says of itself and its sensors."""
    return CapsuleInfo(
        schema=SCHEMA_VERSION,
        family=config.family,
        window=window,
        stride=window,
        state=0,
        channel_mode=config.channels,
        score=f"Mahalanobis distance of {sensors.features}",
        calibrated=description.threshold is not None,
        channels=description.channels,
        parameters=description.parameters,
        scaling=ScalingPolicy("trained"),
        mean=tuple(map(float, sensors.mean)),
        scale=tuple(map(float, sensors.scale)),
        threshold=description.threshold
        or CapsuleThreshold(rule="not calibrated", value=sensors.threshold, count=sensors.count),
        error_quantiles=description.error_quantiles,
        data=description.data,
        training=description.training,
        golden=golden,
        tolerance=TOLERANCE,
        producer=producer(),
        normal_scores=description.normal_scores,
        judge=description.judge,
        features=sensors.features,
    )


def distance_reference(sensors: Sensors, reconstruct: Callable[[Float64], Float64]) -> Reference:
    """Returns what gives reconstruction, contribution and alarm of scaled values, in NumPy.

    Alarms are by the threshold alone, whatever count a window wants.
    """
    # As the graph holds them, in single precision: the reference is of the same distance.
    mean, whitening = (
        part.astype(np.float32).astype(np.float64)
        for part in (sensors.error_mean, sensors.whitening)
    )
    distance = Mahalanobis(mean, whitening, condition=1.0)

    def reference(scaled: Float64) -> tuple[Float64, Float64, Bool]:
        decoded = reconstruct(scaled)
        parts = distance.parts(features(sensors.features, scaled, decoded))
        contribution = by_channel(parts, scaled.shape[1])
        return decoded, contribution, contribution.sum(axis=1) > sensors.threshold

    return reference
