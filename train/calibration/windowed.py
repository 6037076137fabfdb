"""What the recipes of windowed networks share: split, scale, cut, and know a run that is done."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.train.data.checkpoint import (
    JSON_NAME,
    PARAMS_NAME,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.config import Config, WindowedConfig
from stillwatch.train.loop.fit import save_network, to_nd
from stillwatch.train.loop.window_set import WindowSet

__all__ = [
    "TRAINING_SHARE",
    "finished",
    "load_windowed",
    "reconstruct",
    "save_windowed",
    "scaled",
    "window_sets",
]

Block = TypeVar("Block", bound=mx.gluon.Block)

TRAINING_SHARE = 0.7  # of a normal series; the rest is held out for calibration


def finished(folder: Path, config: Config, data: Mapping[str, Any]) -> Checkpoint | None:
    """Returns the checkpoint of a run that is done, or None; raises InputError for another's."""
    if not (folder / JSON_NAME).is_file():  # written last: with it the folder is whole
        return None
    done, _ = load_checkpoint(folder)
    for what, result, wanted in (
        ("configuration", done.config, config),
        ("series", done.data.get("sha256"), data["sha256"]),
    ):
        if result != wanted:
            raise InputError(f"{folder} holds another {what}'s network; name another folder")
    return done


def scaled(values: Float64, moments: Moments) -> Float32:
    """Returns values (T, C) in scaled units, as the network sees them."""
    standardised: Float32 = ((values - moments.mean) / moments.scale).astype(np.float32)
    return standardised


def window_sets(
    training: Sequence[Float32], validation: Sequence[Float32], config: WindowedConfig
) -> tuple[WindowSet, WindowSet]:
    """Returns the windows of both parts, scaled series (T, C); raises InputError for too few."""
    sets = [
        WindowSet(series, window=config.window, step=config.step, channels=config.channels)
        for series in (training, validation)
    ]
    if not all(map(len, sets)):
        raise InputError(
            f"expected series of several windows of {config.window} rows each, got training parts "
            f"of {', '.join(str(len(s)) for s in training)} rows and validation parts of "
            f"{', '.join(str(len(s)) for s in validation)}"
        )
    return sets[0], sets[1]


def save_windowed(checkpoint: Checkpoint, net: mx.gluon.Block, folder: Path) -> Checkpoint:
    """Writes the network and then its checkpoint to `folder`; returns the checkpoint."""
    save_network(net, folder / PARAMS_NAME)
    save_checkpoint(checkpoint, folder)
    return checkpoint


def load_windowed(folder: Path, family: str, build: Callable[[Any, int], Block]) -> Block:
    """Returns the Gluon network of a checkpoint; raises CheckpointError for another family's.

    build: from configuration and number of channels, a network of any weights.
    """
    checkpoint, _ = load_checkpoint(folder)
    if checkpoint.family != family:
        raise CheckpointError(f"{folder} holds a {checkpoint.family}, expected a {family}")
    net = build(checkpoint.config, len(checkpoint.channels))
    net.load_parameters(str(folder / PARAMS_NAME))
    return net


def reconstruct(net: mx.gluon.Block, scaled: Float32, config: WindowedConfig) -> Float32:
    """Returns the reconstruction (T, C) of scaled values (T, C), T in whole windows."""
    parts = []
    for start in range(0, len(scaled), config.window):
        window = scaled[start : start + config.window]  # (T, C)
        if config.channels == "independent":
            parts.append(net(to_nd(window[:, :, None])).asnumpy()[:, :, 0])  # TNC, a channel each
        else:
            parts.append(net(to_nd(window[:, None])).asnumpy()[:, 0])
    return np.concatenate(parts)
