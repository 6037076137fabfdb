"""Every model family as the battery takes it: a name, a configuration, a number of channels."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from support import random_checkpoint
from support.checkpoints import save

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.train.families.config import Config
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.families.stack.config import StackConfig

WINDOW = 20
UNITS = 5  # unlike every number of channels: a transposed weight does not fit


@dataclass(frozen=True)
class Family:
    name: str
    config: Config
    channels: int


# A new family is one line here.
FAMILIES = {
    "nab-rds": Family("nab-rds", NabRdsConfig(units=UNITS, window=WINDOW, scaling=("trained",)), 1),
    "repeat-vector, independent": Family(
        "repeat-vector", RepeatVectorConfig(units=UNITS, window=WINDOW), 3
    ),
    "repeat-vector, joint": Family(
        "repeat-vector", RepeatVectorConfig(units=UNITS, window=WINDOW, channels="joint"), 3
    ),
    "repeat-vector, segments": Family(
        "repeat-vector",
        RepeatVectorConfig(units=8, window=WINDOW, segment=5),
        4,  # packed
    ),
    "repeat-vector, joint segments, scale-free": Family(
        "repeat-vector",
        RepeatVectorConfig(
            units=UNITS, window=WINDOW, segment=10, channels="joint", scale_free=True
        ),
        3,
    ),
    "stack": Family(
        "stack",
        StackConfig(
            encoder_layers=("4 forward relu hard_sigmoid", "6 both tanh sigmoid"),
            decoder_layers=("4 forward tanh hard_sigmoid_0.2", "7 both sigmoid sigmoid"),
            window=WINDOW,
        ),
        3,
    ),
    "stack without an encoder": Family(
        "stack",
        StackConfig(decoder_layers=("5 forward tanh sigmoid",), activation="tanh", window=WINDOW),
        2,
    ),
    "sensor": Family("sensor", SensorConfig(units=UNITS, window=WINDOW), 3),
}


def cases() -> dict[str, Family]:
    """Every family with 1 to 3 layers, where it has a choice."""
    found = {}
    for name, family in FAMILIES.items():
        if "layers" not in {field.name for field in fields(family.config)}:
            found[name] = family
            continue
        for layers in (1, 2, 3):
            config = replace(family.config, layers=layers)  # type: ignore[call-arg]
            found[f"{name}, {layers}"] = replace(family, config=config)
    return found


class Made:
    """A family's checkpoint with random, distinct weights, and its capsule, calibrated."""

    def __init__(self, folder: Path, family: Family) -> None:
        generator = np.random.default_rng(len(str(family)))
        count = family.channels
        mean, scale = generator.uniform(-4, 4, count), generator.uniform(0.5, 3, count)
        blank = random_checkpoint.blank_checkpoint(
            family.config,
            count,
            mean=mean,
            scale=scale,
            calibrations={"trained": random_checkpoint.calibration(2.5)},
        )
        self.weights = random_checkpoint.random_weights(blank, generator, size=0.6)
        self.checkpoint = replace(blank, parameters=random_checkpoint.parameters_of(blank))
        self.folder = save(folder, self.checkpoint, self.weights)
        self.path = folder / "model.onnx"
        self.path.write_bytes(self.build())
        self.detector = Detector.load(self.path)

    def build(self) -> bytes:
        """The capsule; what comes without sensors is given some, so that alarms are judged too."""
        content = build_capsule(self.checkpoint, self.weights)
        _, info = opening.open_session(content, "made up")
        if info.calibrated:
            return content
        return calibrate(
            content, "made up", self.values(600, noise=1.0), CalibrationOptions(rate=0.05)
        ).content

    def values(self, rows: int, seed: int = 0, noise: float = 1.5) -> Float64:
        """Rows (T, C) in the sensors' units, as single precision holds them."""
        mean, scale = np.array(self.checkpoint.mean), np.array(self.checkpoint.scale)
        drawn = np.random.default_rng([seed, rows]).normal(0, noise, (rows, len(mean)))
        return (mean + scale * drawn).astype(np.float32).astype(np.float64)

    def in_one_call(self, batch: AnyArray) -> dict[str, AnyArray]:
        """What the graph itself says of (N, T, C)."""
        names = ["score", "reconstruction", "error"]
        outputs = self.detector.session.run(names, {"values": batch.astype(np.float32)})
        return dict(zip(names, outputs, strict=True))
