"""OpenVINO on the same ONNX file, held to single precision."""

from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.engines.base import Engine, Run, write_capsule
from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["ENGINE", "load_with", "start"]


def start() -> None:
    """Imports OpenVINO."""
    import openvino  # noqa: F401


def load_with(path: Path, threads: int, options: dict[str, Any]) -> Run:
    """Returns the network, compiled for each batch size that comes up when it first does.

    OpenVINO is up to a third faster where it knows its shapes. It takes
    overridable inputs for constants, which is what is wanted here.
    """
    import openvino

    core = openvino.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, **options}
    model = core.read_model(path)
    requests: dict[tuple[int, ...], Any] = {}

    def run(windows: Float32) -> AnyArray:
        if windows.shape not in requests:
            fixed = model.clone()
            fixed.reshape({"values": list(windows.shape)})
            requests[windows.shape] = core.compile_model(
                fixed, "CPU", config
            ).create_infer_request()
        answer = requests[windows.shape].infer({"values": windows}, share_inputs=True)
        return np.asarray(answer["reconstruction"])

    return run


def _load(path: Path, threads: int) -> Run:
    return load_with(path, threads, {"INFERENCE_PRECISION_HINT": "f32"})


ENGINE = Engine(
    name="openvino-f32",
    package="openvino",
    start=start,
    prepare=write_capsule,
    load=_load,
)
