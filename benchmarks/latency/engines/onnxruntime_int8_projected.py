"""onnxruntime on the int8 capsule, the decoder's repeated input projected once."""

import dataclasses
from pathlib import Path

from stillwatch.benchmarks.latency.engines import onnxruntime_int8, onnxruntime_projected
from stillwatch.benchmarks.latency.engines.base import write_model

__all__ = ["ENGINE"]


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from stillwatch.export.int8.quantization import quantize

    plain = onnxruntime_projected.ENGINE.prepare(checkpoint, folder)
    return write_model(folder, quantize(plain.read_bytes(), checkpoint.name))


ENGINE = dataclasses.replace(
    onnxruntime_int8.ENGINE, name="onnxruntime-int8-projected", prepare=_prepare
)
