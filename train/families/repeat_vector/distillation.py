"""Trains repeat-vector autoencoders, alone or towards a teacher.

The loss is equation (2) of the distillation paper:

    (1 - alpha) * MSE(x_s, x) + alpha * MSE(x_s / temperature, x_t / temperature)

x the input, x_s the student's reconstruction of it, x_t the teacher's.
"""

from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import replacing
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.repeat_vector.network import RepeatVector, build
from stillwatch.train.loop.epochs import Telling, train_with_early_stopping
from stillwatch.train.loop.fit import seed_everything, to_nd
from stillwatch.train.loop.one_pass import Loss, reconstruct_all
from stillwatch.train.loop.window_set import WindowSet

__all__ = ["build_network", "train_windows"]


def build_network(config: RepeatVectorConfig, channels: int) -> RepeatVector:
    """Returns the network of a configuration, initialized from its seed; `channels` if joint."""
    seed_everything(config.seed)
    net = build(config, channels)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


def train_windows(
    net: RepeatVector,
    training: WindowSet,
    validation: WindowSet,
    config: RepeatVectorConfig,
    folder: Path,
    *,
    teacher: RepeatVector | None = None,
    targets_path: Path | None = None,
    telling: Telling | None = None,
) -> dict[str, list[float]]:
    """Trains `net` by `train_with_early_stopping` towards its input and, with alpha, its teacher.

    teacher: wanted where alpha is above 0. targets_path: where its
    reconstructions are kept, for the next student of the same windows.
    """

    def prepare_loss() -> Loss:
        if not config.alpha:
            return lambda error, *_: error
        if teacher is None:
            raise InputError(f"expected a teacher for alpha {config.alpha:g}, got none")
        return _towards(_targets(teacher, training, targets_path), config)

    return train_with_early_stopping(
        net,
        training,
        validation,
        config,
        folder,
        prepare_loss=prepare_loss,
        telling=telling,
    )


def _towards(targets: Float32, config: RepeatVectorConfig) -> Loss:
    """Returns equation (2) with the teacher's reconstructions (T, len(windows), C)."""

    def loss(error: mx.nd.NDArray, decoded: mx.nd.NDArray, numbers: AnyArray) -> mx.nd.NDArray:
        drift = (decoded - to_nd(targets[:, numbers])) / config.temperature
        return (1 - config.alpha) * error + config.alpha * mx.nd.mean(mx.nd.square(drift))

    return loss


def _targets(teacher: RepeatVector, training: WindowSet, path: Path | None) -> Float32:
    """Returns the teacher's reconstructions: once, since its pass costs as much as many epochs."""
    if path is not None and path.is_file():
        kept: Float32 = np.load(path, allow_pickle=False)
        return kept
    targets = reconstruct_all(teacher, training)
    if path is not None:
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, targets)
    return targets
