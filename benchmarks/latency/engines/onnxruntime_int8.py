"""onnxruntime on the int8 capsule: dynamic quantisation of the LSTM layers, dense layer in fp32."""

from pathlib import Path

from stillwatch.benchmarks.latency.engines.base import Engine, network_alone, write_model
from stillwatch.benchmarks.latency.engines.onnxruntime import load, start

__all__ = ["ENGINE", "TOLERANCE"]

# Weights in 7 bits, activations in 8: half a step of 1/64 an operand, carried through the
# recurrence. The published networks with random weights came to 0.023; with two gates confused
# they are 0.066 off and more.
TOLERANCE = 0.04


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from stillwatch.export.capsule.build import build_capsule
    from stillwatch.export.int8.quantization import quantize

    content = build_capsule(*network_alone(checkpoint))
    return write_model(folder, quantize(content, checkpoint.name))


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
