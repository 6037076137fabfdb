"""What weights of another framework lack of a checkpoint: their shapes, and the scaler."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from stillwatch.export.families.table import FAMILIES
from stillwatch.export.forecasting.weights import expected_shapes
from stillwatch.export.pytorch.nab_rds_thresholds import calibrated
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.families.config import Config
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.forecaster.scaling import scaling_of
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["scaled_by", "shapes_of"]


def shapes_of(
    config: Config, columns: int
) -> tuple[dict[str, tuple[int, ...]], Callable[[str], bool]]:
    """Returns the name and shape of every parameter, and which of them are not trained.

    A frozen bias is, and a forecaster's share, which validation chooses.
    """
    if isinstance(config, ForecasterConfig):
        return expected_shapes(config, columns), lambda name: name == "share"
    family = FAMILIES[config.family]
    return family.shapes(config, columns), family.frozen


def scaled_by(
    checkpoint: Checkpoint, weights: Mapping[str, AnyArray], normal: Float64 | None
) -> Checkpoint:
    """Returns the checkpoint with what its family has from a training series.

    nab-rds: scaler and thresholds. A forecaster: the scaler, none without a
    series. Others: nothing, 'stillwatch calibrate' gives them theirs. Raises InputError.
    """
    config = checkpoint.config
    if isinstance(config, NabRdsConfig):
        return calibrated(checkpoint, weights, normal)
    if normal is None or not isinstance(config, ForecasterConfig):
        return checkpoint
    columns = len(checkpoint.channels)
    if normal.ndim != 2 or normal.shape[1] != columns or not np.isfinite(normal).all():
        raise InputError(
            f"expected a series of finite values (T, {columns}) for the forecaster's scaler, got "
            f"{normal.shape}"
        )
    moments = scaling_of(normal, config)
    return dataclasses.replace(
        checkpoint,
        mean=tuple(map(float, moments.mean[0])),
        scale=tuple(map(float, moments.scale[0])),
        data={"name": "given", "rows": len(normal), "sha256": fingerprint([normal])},
    )
