"""The capsules of windowed networks, with the sensors that they watch or still without any."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from stillwatch.export.capsule.golden import TOLERANCE, golden_vectors
from stillwatch.export.capsule.seal import check_parameters, producer, seal_model
from stillwatch.export.families.table import FAMILIES, expected_shapes, family_of
from stillwatch.export.graph.distance_nodes import Sensors
from stillwatch.export.graph.lstm import Weights
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.capsule.figures import (
    CapsuleThreshold,
    DataOrigin,
    NormalScores,
    Training,
)
from stillwatch.runtime.capsule.info import SCHEMA_VERSION, CapsuleInfo, Channel
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.scoring.distance import Mahalanobis
from stillwatch.runtime.scoring.features import by_channel, features
from stillwatch.runtime.scoring.scaling import ScalingPolicy
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.config import Config
from stillwatch.train.families.config_fields import written

__all__ = ["Description", "build_uncalibrated", "build_windowed"]


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a windowed capsule says of its sensors and its network beside the figures in its graph.

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


def build_uncalibrated(
    checkpoint: Checkpoint,
    weights: Mapping[str, AnyArray],
    *,
    plain_inputs: bool = False,
    decoder: str = "plain",
) -> bytes:
    """Returns a capsule that holds the network and no sensors yet; it never alarms.

    decoder: one of DECODERS, the form of the graph.
    """
    config = checkpoint.config
    channels = len(checkpoint.channels)
    family = family_of(checkpoint)
    check_parameters(weights, expected_shapes(checkpoint))
    network = family.network(config, weights)
    if any(family.frozen(name) and weight.any() for name, weight in weights.items()):
        raise CheckpointError("the second bias of an LSTM layer is not zero: not this family's")
    result = family.count(weights)
    if result != checkpoint.parameters:
        raise CheckpointError(
            f"the checkpoint claims {checkpoint.parameters} parameters, its weights hold {result}"
        )
    channel_names = tuple(Channel(name, unit) for name, unit in checkpoint.channels)
    sensors = dataclasses.replace(
        Sensors.unknown(channels),
        mean=np.array(checkpoint.mean),
        scale=np.array(checkpoint.scale),
    )
    description = Description(
        channels=channel_names,
        parameters=checkpoint.parameters,
        data=checkpoint.origin,
        training=Training(options=written(config), decoder=decoder, data=checkpoint.data["name"]),
    )
    return build_windowed(config, network, sensors, description, plain_inputs=plain_inputs)


def build_windowed(
    config: Config,
    network: Weights,
    sensors: Sensors,
    description: Description,
    *,
    plain_inputs: bool = False,
) -> bytes:
    """Returns the capsule of a network and its sensors, its graph in the description's form.

    Raises InputError for a form of the decoder that the family has not.
    """
    name = config.family
    family = FAMILIES[name]
    decoder = description.training.decoder
    if decoder not in family.decoders:
        raise InputError(
            f"expected a decoder {' or '.join(family.decoders)} for {name}, got {decoder!r}"
        )
    lengths = (min(7, config.window), min(40, config.window))
    info = CapsuleInfo(
        schema=SCHEMA_VERSION,
        family=name,
        window=config.window,
        stride=config.window,
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
        golden=golden_vectors(
            sensors.mean, sensors.scale, lengths, _reference(config, network, sensors)
        ),
        tolerance=TOLERANCE,
        producer=producer(),
        normal_scores=description.normal_scores,
        judge=description.judge,
        features=sensors.features,
    )
    form = {} if decoder == "plain" else {"decoder": decoder}
    graph = family.graph(config, network, sensors, plain_inputs=plain_inputs, **form)
    return seal_model(graph, info)


def _reference(
    config: Config, network: Weights, sensors: Sensors
) -> Callable[[Float64], tuple[Float64, Float64, Bool]]:
    """Returns what gives reconstruction, contribution and alarm of scaled values, in NumPy."""
    reconstruct = FAMILIES[config.family].reconstruct
    # As the graph holds them, in single precision: the reference is of the same distance.
    mean, whitening = (
        part.astype(np.float32).astype(np.float64)
        for part in (sensors.error_mean, sensors.whitening)
    )
    distance = Mahalanobis(mean, whitening, condition=1.0)

    def reference(scaled: Float64) -> tuple[Float64, Float64, Bool]:
        decoded = reconstruct(config, network, scaled)
        parts = distance.parts(features(sensors.features, scaled, decoded))
        contribution = by_channel(parts, scaled.shape[1])
        above = contribution.sum(axis=1) > sensors.threshold
        return decoded, contribution, above & (above.sum() > sensors.count)  # one window at most

    return reference
