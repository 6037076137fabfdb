"""The capsules of windowed networks, with the sensors that they watch or still without any."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from stillwatch.export.capsule.calibrated import (
    Description,
    calibrated_info,
    distance_reference,
)
from stillwatch.export.capsule.golden import golden_vectors
from stillwatch.export.capsule.seal import check_parameters, seal_model
from stillwatch.export.families.table import FAMILIES, expected_shapes, family_of
from stillwatch.export.graph.distance_nodes import Sensors
from stillwatch.export.graph.lstm import Weights
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.capsule.figures import (
    Training,
)
from stillwatch.runtime.capsule.info import Channel
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.config import Config
from stillwatch.train.families.config_fields import written

__all__ = ["build_uncalibrated", "build_windowed"]


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
    reference = distance_reference(
        sensors, lambda scaled: family.reconstruct(config, network, scaled)
    )

    def one_window(scaled: Float64) -> tuple[Float64, Float64, Bool]:
        decoded, contribution, above = reference(scaled)
        return decoded, contribution, above & (above.sum() > sensors.count)  # one window at most

    info = calibrated_info(
        config,
        sensors,
        description,
        window=config.window,
        golden=golden_vectors(sensors.mean, sensors.scale, lengths, one_window),
    )
    form = {} if decoder == "plain" else {"decoder": decoder}
    graph = family.graph(config, network, sensors, plain_inputs=plain_inputs, **form)
    return seal_model(graph, info)
