"""A checkpoint with random, distinct weights, of any family: the one maker that the others call."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from stillwatch.export.families.family import none_frozen
from stillwatch.export.families.table import expected_shapes, family_of
from stillwatch.runtime.alarms.thresholds import Threshold
from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.checkpoint import Calibration, Checkpoint
from stillwatch.train.families.config import Config


def blank_checkpoint(
    config: Config,
    channels: int,
    *,
    mean: Sequence[float] | None = None,
    scale: Sequence[float] | None = None,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Checkpoint:
    """A checkpoint of the configuration's family that says nothing of its weights yet."""
    return Checkpoint(
        family=config.family,
        config=config,
        channels=tuple((f"channel_{i + 1}", "") for i in range(channels)),
        mean=tuple(map(float, (0.0,) * channels if mean is None else mean)),
        scale=tuple(map(float, (1.0,) * channels if scale is None else scale)),
        parameters=0,
        calibrations=dict(calibrations or {}),
        curve={"train": [1.0], "validation": [1.1]},
        data={"name": "made up", "rows": 100, "sha256": "0" * 64},
    )


def calibration(threshold: float) -> Calibration:
    """What a causal family is calibrated with in training."""
    made = Threshold(
        rule="made up", value=threshold, mean=0.6, deviation=0.3, sigmas=3.0, count=100
    )
    return Calibration(threshold=made, error_quantiles={"1": 2.0})


def random_arrays(
    shapes: Mapping[str, tuple[int, ...]],
    generator: np.random.Generator,
    size: float,
    frozen: Callable[[str], bool] = none_frozen,
) -> dict[str, AnyArray]:
    """Arrays that move every gate away from its middle, no two alike; frozen ones are zero."""
    return {
        name: np.zeros(shape, np.float32)
        if frozen(name)
        else generator.normal(0, size, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def random_weights(
    checkpoint: Checkpoint, generator: np.random.Generator, size: float
) -> dict[str, AnyArray]:
    """Every parameter that the checkpoint's family wants, drawn in the order it names them."""
    frozen = family_of(checkpoint).frozen
    return random_arrays(expected_shapes(checkpoint), generator, size, frozen)


def parameters_of(checkpoint: Checkpoint) -> int:
    """How many numbers are trained, by the family's shapes."""
    frozen = family_of(checkpoint).frozen
    shapes = expected_shapes(checkpoint)
    return sum(int(np.prod(shape)) for name, shape in shapes.items() if not frozen(name))
