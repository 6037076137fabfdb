"""A checkpoint of a battery's family on disk, and whether another holds the same weights."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from battery.family_cases import Family

from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.checkpoint import load_checkpoint
from support import random_checkpoint
from support.checkpoints import save


def checkpoint_of(folder: Path, family: Family) -> Path:
    """The folder, with a checkpoint of random, distinct weights in it."""
    blank = random_checkpoint.blank_checkpoint(
        family.config,
        family.channels,
        calibrations={"trained": random_checkpoint.calibration(2.5)},
    )
    weights = random_checkpoint.random_weights(blank, np.random.default_rng(5), size=0.6)
    return save(folder, replace(blank, parameters=random_checkpoint.parameters_of(blank)), weights)


def same_weights(weights: Mapping[str, AnyArray], folder: Path, *, summed: bool = False) -> None:
    """Fails unless a folder's checkpoint holds these, by each bit.

    summed: both biases of a layer as one, in single precision.
    """
    _, back = load_checkpoint(folder)
    assert back.keys() == weights.keys()
    for name, weight in weights.items():
        if summed and name.endswith("_bias"):
            first = name.replace("h2h", "i2h")
            second = name.replace("i2h", "h2h")
            total = (weights[first].astype(np.float64) + weights[second]).astype(np.float32)
            np.testing.assert_array_equal(back[first] + back[second], total)
        else:
            np.testing.assert_array_equal(back[name], weight)
