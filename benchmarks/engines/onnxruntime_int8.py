"""onnxruntime on the int8 capsule: dynamic quantisation of the LSTM layers, dense layer in fp32."""

from pathlib import Path

from stillwatch.benchmarks.engines.base import Engine, write_capsule
from stillwatch.benchmarks.engines.onnxruntime import load, start

__all__ = ["ENGINE", "TOLERANCE"]

# Weights and activations in 8 bits: half a step of 1/127 an operand, carried through the
# recurrence. Trained networks of 64 to 200 units came to 0.006 on noise. A wrong gate order gives
# 0.5 and more.
TOLERANCE = 0.1


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from stillwatch.export.quantize import quantize

    return write_capsule(checkpoint, folder, quantize)


ENGINE = Engine(
    name="onnxruntime-int8",
    package="onnxruntime",
    tolerance=TOLERANCE,
    why="8-bit weights and activations through 2 x 100 recurrent steps",
    start=start,
    prepare=_prepare,
    load=load,
    weight_bytes=1,
)
