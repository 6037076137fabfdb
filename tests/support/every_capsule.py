"""A capsule of every form that export writes: family, forecaster, decoder, int8, plain, judged."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from battery.family_cases import Made, cases
from battery.forecaster_cases import FORECASTERS, build

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.int8.quantization import quantize
from stillwatch.export.judged.adding import Normal, with_judge
from stillwatch.runtime import shipped
from stillwatch.runtime.capsule import opening
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from support.repeat_vectors import make_capsule, make_checkpoint, random_weights

__all__ = ["every_capsule"]


def every_capsule(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yields name and bytes of each; what is in between is written into `folder`."""
    for name in shipped():
        yield name, opening.read_bytes(name)
    for name, family in cases().items():
        made = Made(folder / name, family)
        yield name, made.path.read_bytes()
        yield (
            f"{name}, plain inputs",
            build_capsule(made.checkpoint, made.weights, plain_inputs=True),
        )
    config = RepeatVectorConfig(units=64, window=20)
    plain = make_capsule(config, 3)
    projected = build_capsule(
        make_checkpoint(config, 3), random_weights(config, 3, size=0.15), decoder="projected"
    )
    yield "projected", projected
    yield "int8", quantize(plain, "int8")
    yield "int8, projected", quantize(projected, "int8")
    rows = np.random.default_rng(3).normal(0, 1, (200, 3))
    for name, content, channels in (
        ("windowed", plain, 3),
        ("causal", opening.read_bytes("nab-rds-online"), 1),
    ):
        normal = Normal(rows[:, :channels], 300.0)
        yield f"judged, {name}", with_judge(content, name, "5/week", normal)
    for name, forecaster in FORECASTERS.items():
        yield name, build(folder / name, forecaster).capsule()
