"""A checkpoint's weights by family: what they must be, how many count, and how they are written."""

from collections.abc import Mapping
from pathlib import Path

from stillwatch.export import nab_rds, repeat_vector
from stillwatch.export.params import format_params
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.runtime.files import make_folder, write_bytes
from stillwatch.train.checkpoint import PARAMS_NAME, Checkpoint, save_checkpoint
from stillwatch.train.config import NabRdsConfig, RepeatVectorConfig

__all__ = ["count_parameters", "expected_shapes", "save_weights"]


def expected_shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter of the checkpoint's family."""
    if isinstance(checkpoint.config, NabRdsConfig):
        return nab_rds.expected_shapes(checkpoint)
    if isinstance(checkpoint.config, RepeatVectorConfig):
        return repeat_vector.expected_shapes(checkpoint.config, len(checkpoint.channels))
    raise CheckpointError(f"the shapes of family {checkpoint.family} are not known here")


def count_parameters(family: str, weights: Mapping[str, AnyArray]) -> int:
    """Returns how many weights are trained: a repeat-vector's second biases are held at zero."""
    frozen = "h2h_bias" if family == "repeat-vector" else None
    return sum(
        int(weight.size) for name, weight in weights.items() if not (frozen and frozen in name)
    )


def save_weights(weights: Mapping[str, AnyArray], checkpoint: Checkpoint, folder: Path) -> None:
    """Writes a checkpoint that no training made: its weights, and the JSON beside them."""
    make_folder(folder)
    write_bytes(folder / PARAMS_NAME, format_params(weights))
    save_checkpoint(checkpoint, folder)
