"""The recipe of the single-feature autoencoder: mask, scale, train, calibrate, save."""

from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import Float32
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder
from stillwatch.train.calibration.nab_rds_thresholds import calibrations, fewest_rows
from stillwatch.train.data.checkpoint import (
    PARAMS_NAME,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.data.sets.series import LabelledSeries
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.nab_rds.network import NabRds
from stillwatch.train.families.nab_rds.sequences import (
    SequenceOptions,
    standardised,
    train_on_sequences,
)
from stillwatch.train.loop.fit import count_parameters, save_network, to_nd

__all__ = ["load_network", "reconstruct", "train_nab_rds"]


def train_nab_rds(
    series: LabelledSeries, config: NabRdsConfig, folder: Path, *, progress: bool = True
) -> Checkpoint:
    """Trains on `series` and returns the checkpoint it leaves in `folder`.

    The same series, configuration and machine give the same weights to the
    last bit. Raises InputError where the series is too short for its windows.
    """
    values = series.masked() if config.masked else series.values
    split = min(int(len(values) * (1 - config.validation)), len(values) - 1)
    needed = fewest_rows(config)
    if split < config.window or len(values) < needed:
        raise InputError(f"expected at least {needed} training rows, got {len(values)}")
    make_folder(folder)  # before the work, not after it
    scaled, trained = standardised(values)
    net = NabRds(config.units)
    curve = train_on_sequences(
        net,
        scaled[:split],
        scaled[split:],
        SequenceOptions(
            seed=config.seed,
            window=config.window,
            epochs=config.epochs,
            optimizer=config.optimizer,
            learning_rate=config.learning_rate,
        ),
        progress=f"nab-rds seed {config.seed}" if progress else None,
    )
    checkpoint = Checkpoint(
        family="nab-rds",
        config=config,
        channels=(("value", "percent"),),
        mean=tuple(map(float, trained.mean[0])),
        scale=tuple(map(float, trained.scale[0])),
        parameters=count_parameters(net),
        calibrations=calibrations(
            values, trained, config, lambda scaled: reconstruct(net, scaled, config)
        ),
        curve=curve,
        data={"name": series.name, "rows": len(values), "sha256": fingerprint([values])},
    )
    save_network(net, folder / PARAMS_NAME)
    save_checkpoint(checkpoint, folder)
    return checkpoint


def load_network(folder: Path) -> NabRds:
    """Returns the Gluon network of a checkpoint."""
    checkpoint, _ = load_checkpoint(folder)
    net = NabRds(checkpoint.config.units)
    net.load_parameters(str(folder / PARAMS_NAME))
    net.hybridize()
    return net


def reconstruct(net: NabRds, scaled: Float32, config: NabRdsConfig) -> Float32:
    """Returns the reconstruction (T, 1) of scaled values (T, 1), the state zero at each window."""
    parts = [net(to_nd(part)).asnumpy() for part in _folded(scaled, config.window)]
    # TNC -> NTC -> (N * T, C)
    return np.concatenate([part.transpose(1, 0, 2).reshape(-1, 1) for part in parts])


def _folded(scaled: Float32, window: int) -> list[Float32]:
    """Returns whole windows as one batch (window, N, 1), TNC, and the rest as one of N = 1."""
    whole = len(scaled) // window * window
    # (N * T, C) -> NTC -> TNC
    batches = [scaled[:whole].reshape(-1, window, 1).transpose(1, 0, 2), scaled[whole:, None]]
    return [batch for batch in batches if batch.size]
