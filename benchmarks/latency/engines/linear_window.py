"""A linear window, the control: a matrix of as many weights in the network's place, no network.

A projection of each window onto as many directions as the network's weights
are worth, in onnxruntime. It answers something else than the network, so what
it must agree with is its own product in float64.
"""

from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.engines.base import (
    Engine,
    Run,
    network_alone,
    plain_session,
    write_model,
)
from stillwatch.benchmarks.latency.engines.onnxruntime import start
from stillwatch.runtime.arrays import AnyArray, Float32, Float64

__all__ = ["ENGINE"]

_OPSET, _IR = 17, 8


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from onnx import TensorProto, helper, numpy_helper

    from stillwatch.export.families.table import family_of
    from stillwatch.runtime.errors import InputError

    loaded, _ = network_alone(checkpoint)
    if family_of(loaded).causal or loaded.config.channels != "independent":
        raise InputError("a control of windowed networks of independent channels")
    window = loaded.config.window
    rank = min(window, max(1, round(loaded.parameters / (2 * window))))
    generator = np.random.default_rng(0)
    directions = np.linalg.qr(generator.normal(size=(window, rank)))[0].astype(np.float32)
    tensors = {"into": directions, "back": np.ascontiguousarray(directions.T)}
    tensors |= {"flat": np.array([-1, window]), "apart": np.array([-1, window, 1])}
    nodes = [
        helper.make_node("Reshape", ["values", "flat"], ["rows"]),
        helper.make_node("MatMul", ["rows", "into"], ["projected"]),
        helper.make_node("MatMul", ["projected", "back"], ["restored"]),
        helper.make_node("Reshape", ["restored", "apart"], ["reconstruction"]),
    ]
    shape: list[str | int] = ["batch", window, 1]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("values", "reconstruction")
    ]
    initializers = [numpy_helper.from_array(tensor, name) for name, tensor in tensors.items()]
    graph = helper.make_graph(nodes, "linear", ports[:1], ports[1:], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR
    return write_model(folder, model.SerializeToString())


def _load(path: Path, threads: int) -> Run:
    session = plain_session(path, threads)

    def run(windows: Float32) -> AnyArray:
        return np.asarray(session.run(None, {"values": windows})[0])

    return run


def _expected(path: Path, windows: Float64) -> Float64:
    import onnx
    from onnx import numpy_helper

    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    into, back = (tensors[name].astype(np.float64) for name in ("into", "back"))
    projected: Float64 = (windows[:, :, 0] @ into @ back)[:, :, None]
    return projected


ENGINE = Engine(
    name="linear-window",
    package="onnxruntime",
    start=start,
    prepare=_prepare,
    load=_load,
    roles=("shipped",),
    expected=_expected,
)
