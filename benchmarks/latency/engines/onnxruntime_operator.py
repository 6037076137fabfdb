"""onnxruntime's LSTM operator in the plainest graph there is: what a capsule is measured against.

One LSTM node and the dense layer, state in and out; no scaling, score or
alarm, and nothing made faster. For causal networks, whose step it is the
baseline of; whole windows run the same operator in a capsule.
"""

from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.engines.base import (
    Engine,
    Run,
    Step,
    network_alone,
    plain_session,
    restarting,
    write_model,
)
from stillwatch.benchmarks.latency.engines.onnxruntime import TOLERANCE, WHY, start
from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["ENGINE"]

_OPSET, _IR = 17, 8
_OUTPUTS = ["decoded", "h_out", "c_out"]


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from onnx import TensorProto, helper, numpy_helper

    from stillwatch.export.families.table import family_of
    from stillwatch.runtime.errors import InputError

    loaded, weights = network_alone(checkpoint)
    if not family_of(loaded).causal:
        raise InputError("a baseline for the steps of causal networks, which this is not")
    network = family_of(loaded).network(loaded.config, weights)
    w, r, b = network.encoder[0].onnx_tensors()
    tensors = {"W": w, "R": r, "B": b, "M": network.dense_weight.T, "b": network.dense_bias}
    units = loaded.config.units
    nodes = [
        helper.make_node(
            "LSTM", ["steps", "W", "R", "B", "", "h", "c"], ["all", "h_out", "c_out"],
            hidden_size=units,
        ),
        helper.make_node("MatMul", ["all", "M"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["decoded"]),
    ]  # fmt: skip
    state: list[str | int] = [1, "streams", units]
    steps: list[str | int] = ["time", "streams", 1]
    shapes = {"steps": steps, "h": state, "c": state}
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in _OUTPUTS]
    initializers = [numpy_helper.from_array(np.ascontiguousarray(t), n) for n, t in tensors.items()]
    graph = helper.make_graph(nodes, "operator", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR
    helper.set_model_props(model, {"window": str(loaded.config.window)})
    return write_model(folder, model.SerializeToString())


def _load(path: Path, threads: int) -> Run:
    session = plain_session(path, threads)

    def run(windows: Float32) -> AnyArray:
        steps = windows.transpose(1, 0, 2)  # NTC -> TNC
        feeds = {"steps": steps, **_zero_state(session, len(windows))}
        decoded = session.run(["decoded"], feeds)[0]
        return np.asarray(decoded)[:, 0].transpose(1, 0, 2)  # T1NC -> NTC

    return run


def _load_step(path: Path, streams: int, threads: int) -> Step:
    session = plain_session(path, threads)

    def begin() -> Step:
        state = _zero_state(session, streams)

        def step(values: Float32) -> AnyArray:
            nonlocal state
            decoded, h, c = session.run(_OUTPUTS, {"steps": values[None, :, None], **state})
            state = {"h": h, "c": c}
            return np.asarray(decoded)[0, 0, :, 0]

        return step

    window = session.get_modelmeta().custom_metadata_map["window"]
    return restarting(begin, int(window))


def _zero_state(session: Any, streams: int) -> dict[str, AnyArray]:
    units = session.get_inputs()[1].shape[2]
    return {name: np.zeros((1, streams, units), np.float32) for name in ("h", "c")}


ENGINE = Engine(
    name="onnxruntime-operator",
    package="onnxruntime",
    tolerance=TOLERANCE,
    why=WHY,
    start=start,
    prepare=_prepare,
    load=_load,
    load_step=_load_step,
)
