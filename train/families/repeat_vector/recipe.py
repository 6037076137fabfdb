"""The recipe of the distillation pair and its micro-students on the Server Machine Dataset.

A machine's training series is cut in time: the first 70 % train the network
(their last windows validate it), the rest is held out for calibration, which
the network never sees. A channel-independent network knows nothing of
particular sensors, so one network may learn from several machines.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder
from stillwatch.runtime.scoring.scaling import series_moments
from stillwatch.train.calibration.windowed import (
    TRAINING_SHARE,
    finished,
    load_windowed,
    reconstruct,
    save_windowed,
    scaled,
    window_sets,
)
from stillwatch.train.data.checkpoint import PARAMS_NAME, Checkpoint, load_checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.data.sets.smd import Machine
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.repeat_vector.distillation import build_network, train_windows
from stillwatch.train.families.repeat_vector.network import RepeatVector
from stillwatch.train.loop.epochs import Telling
from stillwatch.train.loop.fit import count_parameters
from stillwatch.train.loop.window_set import WindowSet

__all__ = ["held_out", "load_network", "reconstruct", "train_smd"]


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
    parts = [machine.train[: _split(machine)] for machine in machines]
    data = {
        "name": "SMD " + ", ".join(machine.name for machine in machines),
        "rows": sum(map(len, parts)),
        "sha256": fingerprint(parts),
    }
    done = finished(folder, config, data)
    if done is not None:
        return done
    if teacher is not None:
        of_teacher, _ = load_checkpoint(teacher)
        if getattr(of_teacher.config, "channels", None) != config.channels:
            raise InputError(f"expected a teacher of {config.channels} channels in {teacher}")
    make_folder(folder)
    training, validation = _training_sets(parts, config)
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
        telling=Telling(caption=folder.name if progress else None),
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
        data=data,
    )
    return save_windowed(checkpoint, net, folder)


def load_network(folder: Path) -> RepeatVector:
    """Returns the Gluon network of a checkpoint."""
    return load_windowed(folder, "repeat-vector", build_network)


def _training_sets(
    parts: Sequence[Float64], config: RepeatVectorConfig
) -> tuple[WindowSet, WindowSet]:
    """Returns the windows to train and to validate on, of series (T, C), each scaled by itself."""
    series = [scaled(part, series_moments(part)) for part in parts]
    cuts = [int(len(values) * (1 - config.validation)) for values in series]
    return window_sets(
        [v[:cut] for v, cut in zip(series, cuts, strict=True)],
        [v[cut:] for v, cut in zip(series, cuts, strict=True)],
        config,
    )


def _split(machine: Machine) -> int:
    return int(len(machine.train) * TRAINING_SHARE)


def _targets_path(teacher: Path, parts: Sequence[Float64], config: RepeatVectorConfig) -> Path:
    """Returns where a teacher's reconstructions of these windows are kept: beside its weights."""
    of_teacher = hashlib.sha256((teacher / PARAMS_NAME).read_bytes()).hexdigest()
    windows = (config.window, config.step, config.channels, config.validation)
    key = f"{of_teacher} {fingerprint(parts)} {windows}"
    return teacher / f"targets-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
