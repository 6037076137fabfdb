"""Every forecaster as its battery takes it: a name, a configuration, a number of columns."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from support import random_checkpoint
from support.checkpoints import save

from stillwatch.export.forecasting.capsule import Intervals, Network, build_forecaster
from stillwatch.export.forecasting.weights import expected_shapes
from stillwatch.runtime import Forecaster
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.times import Step
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig

HOUR = Step(microseconds=3_600_000_000)
CHANNELS = 3
_DIRECT = {"units": 6, "lookback": 20, "segment": 5, "horizon": 13, "linear": 0}
_RECURSIVE = {"strategy": "recursive", "units": 5, "lookback": 20, "horizon": 9, "dense": 4}
_READS = {"covariates": ("load", "wind"), "calendar": ("hour", "weekday")}

# A new form is one line here.
FORECASTERS = {
    "direct": ForecasterConfig(**_DIRECT),
    "direct, joint": ForecasterConfig(**_DIRECT, channels="joint"),
    "direct, linear": ForecasterConfig(**{**_DIRECT, "linear": 17}),
    "direct, linear of rank 2, covariates": ForecasterConfig(
        **{**_DIRECT, "linear": 20, "rank": 2}, **_READS
    ),
    "direct, joint, covariates": ForecasterConfig(**_DIRECT, channels="joint", **_READS),
    "recursive": ForecasterConfig(**{**_RECURSIVE, "dense": 0}),
    "recursive, joint, 2 layers": ForecasterConfig(**_RECURSIVE, channels="joint", layers=2),
    "recursive, calendar": ForecasterConfig(**_RECURSIVE, calendar=("year",)),
    "recursive, 3 layers, covariates": ForecasterConfig(**_RECURSIVE, layers=3, **_READS),
    "recursive, joint, covariates": ForecasterConfig(
        **{**_RECURSIVE, "activation": "linear"}, channels="joint", **_READS
    ),
}


@dataclass(frozen=True)
class Built:
    """A checkpoint of random, distinct weights, its network in NumPy, and its capsule."""

    checkpoint: Checkpoint
    weights: dict[str, AnyArray]
    folder: Path

    @property
    def config(self) -> ForecasterConfig:
        assert isinstance(self.checkpoint.config, ForecasterConfig)
        return self.checkpoint.config

    @property
    def network(self) -> Network:
        return Network(self.checkpoint, self.weights)

    def capsule(self) -> bytes:
        return build_forecaster(
            self.checkpoint, self.weights, intervals=intervals(self.config.horizon)
        )

    @property
    def forecaster(self) -> Forecaster:
        return Forecaster.from_bytes(self.capsule())

    def values(self, rows: int, seed: int = 0) -> Float64:
        """Rows (T, C + K) in the columns' units, as single precision holds them."""
        mean, scale = np.array(self.checkpoint.mean), np.array(self.checkpoint.scale)
        drawn = np.random.default_rng([seed, rows]).normal(0, 1.5, (rows, len(mean)))
        return (mean + scale * drawn).astype(np.float32).astype(np.float64)


def build(folder: Path, config: ForecasterConfig) -> Built:
    columns = CHANNELS + len(config.covariates)
    generator = np.random.default_rng(len(str(config)))
    shapes = expected_shapes(config, columns)
    weights = random_checkpoint.random_arrays(shapes, generator, size=0.6)
    if "share" in weights:
        weights["share"] = np.array([0.3], np.float32)
    blank = random_checkpoint.blank_checkpoint(
        config,
        columns,
        mean=20 * generator.normal(size=columns),
        scale=generator.uniform(0.5, 4, columns),
    )
    checkpoint = replace(
        blank,
        channels=tuple((name, "") for name in ("a", "b", "c", *config.covariates)),
        parameters=sum(weight.size for name, weight in weights.items() if name != "share"),
        data=blank.data | {"step": asdict(HOUR)},
    )
    return Built(checkpoint, weights, save(folder, checkpoint, weights))


def intervals(horizon: int) -> Intervals:
    width = np.arange(1, horizon * CHANNELS + 1, dtype=float).reshape(horizon, CHANNELS)
    return Intervals(below=width, above=2 * width, coverage=0.9, measured=500)


def times(rows: int) -> AnyArray:
    return np.datetime64("2024-02-27T22:00", "us") + np.arange(rows) * np.timedelta64(1, "h")
