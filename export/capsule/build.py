"""From a checkpoint to a capsule: check the weights, build the graph, describe it, seal it."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from stillwatch.export.capsule.golden import TOLERANCE, golden_vectors
from stillwatch.export.capsule.seal import check_parameters, producer, seal_model
from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.families.nab_rds import nab_rds_graph
from stillwatch.export.families.table import expected_shapes, family_of, reconstruction
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.capsule.figures import CapsuleThreshold, Training
from stillwatch.runtime.capsule.info import (
    SCHEMA_VERSION,
    CapsuleInfo,
    Channel,
)
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.scoring.distance import squared_error
from stillwatch.runtime.scoring.scaling import ScalingPolicy
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["build_capsule"]


def build_capsule(
    checkpoint: Checkpoint,
    weights: Mapping[str, AnyArray],
    scaling: str | None = None,
    *,
    plain_inputs: bool = False,
    decoder: str = "plain",
) -> bytes:
    """Returns the capsule's bytes; the same checkpoint always gives the same bytes.

    scaling: one of the policies that the checkpoint is calibrated for, by
    default the first of its configuration. plain_inputs: mean, scale, threshold
    and state have no defaults, for a host that cannot override defaults (the
    trained ones are in the metadata). decoder: the form of a repeat-vector
    graph, one of its DECODERS. Raises InputError for another policy,
    CheckpointError for weights that are not exactly the family's.
    """
    if isinstance(checkpoint.config, ForecasterConfig):
        # Imported here: it builds on this module, as windowed.py does.
        from stillwatch.export.forecasting.capsule import build_forecaster

        return build_forecaster(checkpoint, weights)
    family = family_of(checkpoint)
    if not family.causal:
        return build_uncalibrated(checkpoint, weights, plain_inputs=plain_inputs, decoder=decoder)
    if decoder != "plain":
        raise InputError(f"{checkpoint.family} has no decoder to choose the form of")
    config = checkpoint.config
    if not isinstance(config, NabRdsConfig):
        raise CheckpointError(f"{checkpoint.family} has no thresholds from training")
    scaling = scaling or config.scaling[0]
    if scaling not in checkpoint.calibrations:
        raise InputError(
            f"expected a scaling policy that the checkpoint is calibrated for, "
            f"{', '.join(checkpoint.calibrations)}, got {scaling!r}; train with --scaling"
        )
    check_parameters(weights, expected_shapes(checkpoint))
    result = sum(weight.size for weight in weights.values())
    if result != checkpoint.parameters:
        raise CheckpointError(
            f"the checkpoint claims {checkpoint.parameters} parameters, its weights hold {result}"
        )
    info = _describe(checkpoint, config, weights, scaling)
    graph = nab_rds_graph(checkpoint, weights, info.threshold.value, plain_inputs=plain_inputs)
    return seal_model(graph, info)


def _describe(
    checkpoint: Checkpoint, config: NabRdsConfig, weights: Mapping[str, AnyArray], scaling: str
) -> CapsuleInfo:
    calibration = checkpoint.calibrations[scaling]
    threshold = calibration.threshold.value
    window = config.window

    def reference(scaled: Float64) -> tuple[Float64, Float64, Bool]:
        decoded = reconstruction(checkpoint, weights, scaled)
        contribution = np.square(scaled - decoded)
        return decoded, contribution, squared_error(scaled, decoded) > threshold

    # A few calm values, a window, and one that runs over its end.
    lengths = (min(7, window), window, window + window // 2)
    return CapsuleInfo(
        schema=SCHEMA_VERSION,
        family=checkpoint.family,
        window=window,
        stride=window,
        state=config.units,
        channel_mode="joint",
        score="squared error",
        calibrated=True,
        channels=tuple(Channel(name, unit) for name, unit in checkpoint.channels),
        parameters=checkpoint.parameters,
        scaling=ScalingPolicy.parse(scaling),
        mean=checkpoint.mean,
        scale=checkpoint.scale,
        threshold=CapsuleThreshold(**asdict(calibration.threshold)),
        error_quantiles=calibration.error_quantiles,
        data=checkpoint.origin,
        training=Training(options=asdict(config)),
        golden=golden_vectors(
            np.array(checkpoint.mean), np.array(checkpoint.scale), lengths, reference
        ),
        tolerance=TOLERANCE,
        producer=producer(),
        normal_scores=calibration.normal_scores,
    )
