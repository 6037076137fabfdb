"""The networks that are measured, as checkpoints: given ones, or the published architectures."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.plan import Plan
from stillwatch.export.families.table import FAMILIES, expected_shapes, reconstruction
from stillwatch.export.pytorch.weights import save_weights
from stillwatch.runtime.alarms.thresholds import mean_plus_sigmas
from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.checkpoint import Calibration, Checkpoint, load_checkpoint
from stillwatch.train.families.config import Config
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

__all__ = [
    "ALL",
    "RANDOM",
    "SHIPPED",
    "Subject",
    "given_subjects",
    "made_subjects",
    "reference",
    "windows_for",
]

RANDOM = "random weights"
ALL = ("SingleStream", "MultiStream", "Offline", "Bulk")
_ONE, _FEW, _MOST = ALL[:1], ALL[:2], ALL[:3]
# What the package ships, by capsule: the configurations of their checkpoints, which a test holds.
SHIPPED: dict[str, Config] = {
    "smd-micro": RepeatVectorConfig(units=16),
    "smd-segments": RepeatVectorConfig(units=8, segment=20, scale_free=True),
    "nab-rds": NabRdsConfig(),
}
_REACH = 3.0


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network to measure.

    scenarios: those of the plan that it is measured in. scaling: there for
    latency by window length.
    """

    name: str
    folder: Path
    source: str
    checkpoint: Checkpoint
    scenarios: tuple[str, ...] = ALL
    scaling: bool = False

    @property
    def made(self) -> bool:
        """Whether its weights are random."""
        return self.source.startswith(RANDOM)

    @property
    def channels(self) -> int:
        """How many channels a sequence has: one where they are independent."""
        checkpoint = self.checkpoint
        return 1 if checkpoint.config.channels == "independent" else len(checkpoint.channels)


def made_subjects(plan: Plan, folder: Path) -> list[Subject]:
    """Returns the published architectures with random weights: latency does not depend on them."""
    made: list[tuple[str, Config, tuple[str, ...]]] = [
        ("teacher", RepeatVectorConfig(layers=2), _FEW),
        ("student", RepeatVectorConfig(), _MOST if plan.student_offline else _FEW),
        *((f"micro {units}", RepeatVectorConfig(units=units), _FEW) for units in plan.micro),
        *(
            (f"micro 64, T={window}", RepeatVectorConfig(units=64, window=window), _ONE)
            for window in plan.windows
        ),
        *((name, config, ALL) for name, config in SHIPPED.items()),
    ]
    return [
        Subject(
            name=name,
            folder=(place := folder / name.replace(" ", "-").replace(",", "")),
            source=f"{RANDOM}, seed {plan.seed}",
            checkpoint=_made(config, place, plan.seed),
            scenarios=scenarios,
            scaling=scenarios == _ONE,
        )
        for name, config, scenarios in made
    ]


def given_subjects(folders: list[Path]) -> list[Subject]:
    """Returns the networks in checkpoints, named after their folders; raises CheckpointError."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise InputError(f"expected checkpoints in folders of different names, got {names}")
    return [
        Subject(name=name, folder=folder, source="trained", checkpoint=load_checkpoint(folder)[0])
        for name, folder in zip(names, folders, strict=True)
    ]


def windows_for(subject: Subject, count: int, seed: int) -> Float32:
    """Returns windows (N, T, C) in scaled units: a wave in noise, as large as scaled data are."""
    generator = np.random.default_rng(seed)
    shape = (count, subject.checkpoint.config.window, subject.channels)
    wave = np.sin(np.arange(shape[1])[None, :, None] / 9 + generator.uniform(0, 6, (count, 1, 1)))
    windows: Float32 = (wave + generator.normal(0, 0.5, shape)).astype(np.float32)
    return windows


def reference(subject: Subject, windows: Float32) -> Float64:
    """Returns the reconstruction (N, T, C) of windows by plain NumPy in double precision."""
    checkpoint, weights = load_checkpoint(subject.folder)
    doubles = windows.astype(np.float64)
    if checkpoint.config.channels == "joint":
        return np.stack([reconstruction(checkpoint, weights, one) for one in doubles])
    # Of independent channels each is a window, and they are computed together: (T, N).
    together = reconstruction(checkpoint, weights, doubles[:, :, 0].T)
    return together.T[:, :, None]


def _made(config: Config, folder: Path, seed: int) -> Checkpoint:
    """Returns the checkpoint, written to a folder, of an untrained network of one channel."""
    generator = np.random.default_rng(seed)
    family = FAMILIES[config.family]
    checkpoint = Checkpoint(
        family=family.name,
        config=config,
        channels=(("value", ""),),
        mean=(0.0,),
        scale=(1.0,),
        parameters=0,
        calibrations={},
        curve={"train": [], "validation": []},
        data={"name": RANDOM, "rows": 0, "sha256": ""},
    )
    # Three times what an LSTM is initialized with: gates leave their middle, so that an engine
    # which confuses them answers otherwise; at four times the recurrence runs away with errors.
    reach = _REACH / np.sqrt(config.units)
    weights: dict[str, AnyArray] = {
        name: np.zeros(shape, np.float32)
        if family.frozen(name)
        else generator.uniform(-reach, reach, shape).astype(np.float32)
        for name, shape in expected_shapes(checkpoint).items()
    }
    # A threshold that export wants and that nothing here reads.
    threshold = mean_plus_sigmas(np.ones(1), 3.0)
    calibration = Calibration(threshold=threshold, error_quantiles={})
    complete = dataclasses.replace(
        checkpoint,
        parameters=family.count(weights),
        calibrations={"series": calibration} if family.causal else {},
    )
    save_weights(weights, complete, folder)
    return complete
