"""The recipe of the distillation pair and its micro-students on the Server Machine Dataset.

A machine's training series is cut in time: the first 70 % train the network
(their last windows validate it), the rest is held out for calibration, which
the network never sees. A channel-independent network knows nothing of
particular sensors, so one network may learn from several machines.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.files import make_folder
from stillwatch.runtime.scaling import series_moments
from stillwatch.train.checkpoint import PARAMS_NAME, Checkpoint, load_checkpoint, save_checkpoint
from stillwatch.train.config import RepeatVectorConfig
from stillwatch.train.data.smd import Machine
from stillwatch.train.distil import build_network, train_windows
from stillwatch.train.fingerprint import fingerprint
from stillwatch.train.fit import count_parameters, save_network, to_nd
from stillwatch.train.models.repeat_vector import RepeatVector
from stillwatch.train.window_set import WindowSet

__all__ = ["held_out", "load_network", "reconstruct", "train_smd"]

_TRAINING_SHARE = 0.7


def held_out(machine: Machine) -> Float64:
    """Returns the normal rows (T, 38) that no network has seen, for calibration."""
    return machine.train[_split(machine) :]


def train_smd(
    machines: Sequence[Machine],
    config: RepeatVectorConfig,
    folder: Path,
    *,
    teacher: Path | None = None,
    progress: bool = True,
) -> Checkpoint:
    """Trains one network on the machines' series and returns the checkpoint left in `folder`.

    teacher: the folder of the teacher's checkpoint, wanted where alpha is
    above 0. A run that was killed goes on where it stood; one that is done is
    read, not repeated. Raises InputError and CheckpointError.
    """
    if config.alpha > 0 and teacher is None:
        raise InputError(f"expected a teacher for alpha {config.alpha:g}, got none")
    if (folder / PARAMS_NAME).is_file():
        done, _ = load_checkpoint(folder)
        if done.config != config:
            raise InputError(f"{folder} holds another configuration's network; name another folder")
        return done
    if teacher is not None:
        of_teacher, _ = load_checkpoint(teacher)
        if getattr(of_teacher.config, "channels", None) != config.channels:
            raise InputError(f"expected a teacher of {config.channels} channels in {teacher}")
    make_folder(folder)
    parts = [machine.train[: _split(machine)] for machine in machines]
    series = [_scaled(part) for part in parts]
    cuts = [int(len(values) * (1 - config.validation)) for values in series]
    training = _windows([v[:cut] for v, cut in zip(series, cuts, strict=True)], config)
    validation = _windows([v[cut:] for v, cut in zip(series, cuts, strict=True)], config)
    if not len(training) or not len(validation):
        raise InputError(f"expected series of several windows of {config.window} rows each")

    channels = parts[0].shape[1]
    net = build_network(config, channels)
    curve = train_windows(
        net,
        training,
        validation,
        config,
        folder,
        teacher=load_network(teacher) if teacher else None,
        targets_path=_targets_path(teacher, parts, config) if teacher else None,
        caption=folder.name if progress else None,
    )
    checkpoint = Checkpoint(
        family="repeat-vector",
        config=config,
        channels=tuple((f"channel_{i + 1}", "") for i in range(channels)),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
        parameters=count_parameters(net),
        calibrations={},
        curve=curve,
        data={
            "name": "SMD " + ", ".join(machine.name for machine in machines),
            "rows": sum(map(len, parts)),
            "sha256": fingerprint(parts),
        },
    )
    save_network(net, folder / PARAMS_NAME)
    save_checkpoint(checkpoint, folder)
    return checkpoint


def load_network(folder: Path) -> RepeatVector:
    """Returns the Gluon network of a checkpoint."""
    checkpoint, _ = load_checkpoint(folder)
    if not isinstance(checkpoint.config, RepeatVectorConfig):
        raise CheckpointError(f"{folder} holds a {checkpoint.family}, expected a repeat-vector")
    net = build_network(checkpoint.config, len(checkpoint.channels))
    net.load_parameters(str(folder / PARAMS_NAME))
    return net


def reconstruct(net: RepeatVector, scaled: Float32, config: RepeatVectorConfig) -> Float32:
    """Returns the reconstruction (T, C) of scaled values (T, C), T in whole windows."""
    parts = []
    for start in range(0, len(scaled), config.window):
        window = scaled[start : start + config.window]  # (T, C)
        if config.channels == "independent":
            parts.append(net(to_nd(window[:, :, None])).asnumpy()[:, :, 0])  # TNC, a channel each
        else:
            parts.append(net(to_nd(window[:, None])).asnumpy()[:, 0])
    return np.concatenate(parts)


def _split(machine: Machine) -> int:
    return int(len(machine.train) * _TRAINING_SHARE)


def _targets_path(teacher: Path, parts: Sequence[Float64], config: RepeatVectorConfig) -> Path:
    """Returns where a teacher's reconstructions of these windows are kept: beside its weights."""
    of_teacher = hashlib.sha256((teacher / PARAMS_NAME).read_bytes()).hexdigest()
    windows = (config.window, config.step, config.channels, config.validation)
    key = f"{of_teacher} {fingerprint(parts)} {windows}"
    return teacher / f"targets-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"


def _scaled(values: Float64) -> Float32:
    moments = series_moments(values)
    return ((values - moments.mean) / moments.scale).astype(np.float32)


def _windows(series: Sequence[Float32], config: RepeatVectorConfig) -> WindowSet:
    return WindowSet(series, window=config.window, step=config.step, channels=config.channels)
