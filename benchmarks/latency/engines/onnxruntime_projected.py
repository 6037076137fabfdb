"""onnxruntime in single precision, the decoder's repeated input projected once."""

from pathlib import Path

from stillwatch.benchmarks.latency.engines.base import Engine, network_alone, write_model
from stillwatch.benchmarks.latency.engines.onnxruntime import TOLERANCE, WHY, load, start

__all__ = ["ENGINE"]


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from stillwatch.export.capsule.windowed import build_uncalibrated
    from stillwatch.export.families.table import family_of
    from stillwatch.runtime.errors import InputError

    alone, weights = network_alone(checkpoint)
    if "projected" not in family_of(alone).decoders:
        raise InputError("there is no repeated input to project in this network")
    return write_model(folder, build_uncalibrated(alone, weights, decoder="projected"))


ENGINE = Engine(
    name="onnxruntime-projected",
    package="onnxruntime",
    tolerance=TOLERANCE,
    why=WHY,
    start=start,
    prepare=_prepare,
    load=load,
)
