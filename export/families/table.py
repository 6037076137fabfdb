"""The families that can be exported, by name."""

from collections.abc import Mapping

from stillwatch.export.families import nab_rds, repeat_vector, sensor, stack
from stillwatch.export.families.family import Family
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import CapsuleError, CheckpointError
from stillwatch.train.data.checkpoint import Checkpoint

__all__ = ["FAMILIES", "expected_shapes", "family_of", "reconstruction", "windowed"]

# A new family is a file beside these and a line here.
FAMILIES = {
    family.name: family
    for family in (
        nab_rds.FAMILY,
        repeat_vector.FAMILY,
        sensor.FAMILY,
        stack.FAMILY,
    )
}


def family_of(checkpoint: Checkpoint) -> Family:
    """Returns the family of a checkpoint; raises CheckpointError where it is not of these."""
    if checkpoint.family not in FAMILIES:
        raise CheckpointError(
            f"expected a checkpoint of {', '.join(FAMILIES)}, got one of {checkpoint.family}"
        )
    return FAMILIES[checkpoint.family]


def expected_shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that a checkpoint must hold."""
    return family_of(checkpoint).shapes(checkpoint.config, len(checkpoint.channels))


def reconstruction(
    checkpoint: Checkpoint, weights: Mapping[str, AnyArray], scaled: Float64
) -> Float64:
    """Returns the reconstruction (T, C) of scaled values (T, C) by plain NumPy, in windows."""
    family, config = family_of(checkpoint), checkpoint.config
    return family.reconstruct(config, family.network(config, weights), scaled)


def windowed(family: str, name: str) -> Family:
    """Returns the windowed family of a capsule called `name`; raises CapsuleError."""
    known = [one.name for one in FAMILIES.values() if not one.causal]
    if family not in known:
        raise CapsuleError(
            f"{name} is of family {family}: only {', '.join(known)} can be calibrated, and "
            "recursive forecasters"
        )
    return FAMILIES[family]
