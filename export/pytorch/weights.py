"""Writes a checkpoint that no training made."""

from collections.abc import Mapping
from pathlib import Path

from stillwatch.export.pytorch.params_file import format_params
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.files import make_folder, write_bytes
from stillwatch.train.data.checkpoint import PARAMS_NAME, Checkpoint, save_checkpoint

__all__ = ["save_weights"]


def save_weights(weights: Mapping[str, AnyArray], checkpoint: Checkpoint, folder: Path) -> None:
    """Writes a checkpoint that no training made: its weights, and the JSON beside them."""
    make_folder(folder)
    write_bytes(folder / PARAMS_NAME, format_params(weights))
    save_checkpoint(checkpoint, folder)
