"""The recipe of the sensor autoencoder: scale, train on the first rows, hold the last ones out."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

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
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.data.tables.recording import Recording, split_rows
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.families.sensor.network import Sensor, build
from stillwatch.train.loop.epochs import Epoch, Telling, train_with_early_stopping
from stillwatch.train.loop.fit import count_parameters, seed_everything

__all__ = ["build_network", "held_out", "load_network", "reconstruct", "train_sensor"]


def held_out(recording: Recording) -> Float64:
    """Returns the normal rows (T, C) that no network has seen, for calibration."""
    return np.concatenate(split_rows(recording.segments, _split(recording))[1])


def train_sensor(
    recording: Recording,
    config: SensorConfig,
    folder: Path,
    *,
    progress: bool = True,
    after_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Checkpoint:
    """Trains on the first rows of a recording and returns the checkpoint left in `folder`.

    The last rows are held out; of the others the last part validates. A run
    that was killed goes on where it stood; one that is done is read, not
    repeated. Raises InputError where the rows are too few for a window.
    """
    seen, _ = split_rows(recording.segments, _split(recording))
    rows = sum(map(len, seen))
    if recording.rows < _fewest_rows(config):
        raise InputError(
            f"expected at least {_fewest_rows(config)} rows for windows of {config.window}, "
            f"{recording.name} has {recording.rows}; give more rows or a smaller --window"
        )
    data = {"name": recording.name, "rows": rows, "sha256": fingerprint(seen)}
    done = finished(folder, config, data)
    if done is not None:
        return done
    moments = series_moments(np.concatenate(seen))
    series = [scaled(part, moments) for part in seen]
    training, validation = window_sets(
        *split_rows(series, int(rows * (1 - config.validation))), config
    )
    make_folder(folder)  # before the work, not after it
    net = build_network(config, len(recording.channels))
    curve = train_with_early_stopping(
        net,
        training,
        validation,
        config,
        folder,
        telling=Telling(caption=folder.name if progress else None, after_epoch=after_epoch),
    )
    checkpoint = Checkpoint(
        family="sensor",
        config=config,
        channels=tuple((name, "") for name in recording.channels),
        mean=tuple(map(float, moments.mean[0])),
        scale=tuple(map(float, moments.scale[0])),
        parameters=count_parameters(net),
        calibrations={},
        curve=curve,
        data=data,
    )
    return save_windowed(checkpoint, net, folder)


def build_network(config: SensorConfig, channels: int) -> Sensor:
    """Returns the network of a configuration, initialized from its seed."""
    seed_everything(config.seed)
    net = build(config, channels)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


def load_network(folder: Path) -> Sensor:
    """Returns the Gluon network of a checkpoint."""
    return load_windowed(folder, "sensor", build_network)


def _split(recording: Recording) -> int:
    return int(recording.rows * TRAINING_SHARE)


def _fewest_rows(config: SensorConfig) -> int:
    """Returns the rows that leave a window to train and to validate on, and two to calibrate on."""
    shares = {
        TRAINING_SHARE * (1 - config.validation): 1,
        TRAINING_SHARE * config.validation: 1,
        1 - TRAINING_SHARE: 2,
    }
    return math.ceil(max(windows * config.window / share for share, windows in shares.items()))
