"""A checkpoint's weights: how many of them count, and how they are written."""

from collections.abc import Mapping
from pathlib import Path

from stillwatch.export.families.registry import WINDOWED
from stillwatch.export.pytorch.params_file import format_params
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.files import make_folder, write_bytes
from stillwatch.train.data.checkpoint import PARAMS_NAME, Checkpoint, save_checkpoint

__all__ = ["count_parameters", "save_weights"]


def count_parameters(family: str, weights: Mapping[str, AnyArray]) -> int:
    """Returns how many weights are trained: some families hold their second biases at zero."""
    frozen = family in WINDOWED and not WINDOWED[family].second_bias
    return sum(
        int(weight.size)
        for name, weight in weights.items()
        if not (frozen and name.endswith("h2h_bias"))
    )


def save_weights(weights: Mapping[str, AnyArray], checkpoint: Checkpoint, folder: Path) -> None:
    """Writes a checkpoint that no training made: its weights, and the JSON beside them."""
    make_folder(folder)
    write_bytes(folder / PARAMS_NAME, format_params(weights))
    save_checkpoint(checkpoint, folder)
