"""A capsule's graph as C can have it: one stream, fixed shapes, what is constant computed.

The sizes of batch and time are pinned, what a host always feeds (mean, scale,
threshold, state) stays an input without a default, and onnxruntime's basic
optimiser folds the rest. Of the two branches of a causal graph only the single
step is left then.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.capsule.opening import FATAL_ONLY, open_graph, open_session
from stillwatch.runtime.errors import InputError, first_line
from stillwatch.runtime.forecasting.info import forecasts

__all__ = ["Port", "Reduced", "reduced"]

_FED = ("values", "mean", "scale", "threshold")
_CONSTANT = ("count",)  # inputs whose default is kept for good
_STATE_OUT = "_out"
_FIRST_SCHEMA = 2  # which has contributions


@dataclass(frozen=True)
class Port:
    """An input or output of the graph: its name, fixed shape and whether it is a bool."""

    name: str
    shape: tuple[int, ...]
    flag: bool

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return int(np.prod(self.shape, dtype=int))


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """The graph, its inputs and outputs in order, and what its carried state begins from."""

    model: onnx.ModelProto
    info: CapsuleInfo
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    state: dict[str, AnyArray]


def reduced(content: bytes, name: str) -> Reduced:
    """Returns a capsule's graph for C; raises InputError for a capsule that C cannot have."""
    _, metadata = open_graph(content, name)
    if forecasts(metadata):
        raise InputError(f"{name} is a forecaster: C is of detectors; see 'stillwatch forecast'")
    _, info = open_session(content, name)
    if info.schema < _FIRST_SCHEMA:
        raise InputError(
            f"{name} is of schema {info.schema}, whose graph has no contributions: make it anew "
            "with 'stillwatch export CHECKPOINT' or 'stillwatch calibrate'"
        )
    if info.graph_judge is not None:
        raise InputError(
            f"{name} has the judge in its graph, as a Scan over files: C is made of the capsule "
            "that it was made of, with --budget"
        )
    model = onnx.load_model_from_string(content)
    if any(node.domain not in ("", "ai.onnx") for node in model.graph.node):
        raise InputError(
            f"{name} has operators of onnxruntime's own, as int8 has: C is made of the float32 "
            "capsule that it came from"
        )
    _pin(model, 1 if info.state else info.window)
    state = _without_defaults(model)
    folded = _folded(model, name)
    ports = [tuple(map(_port, side)) for side in (folded.graph.input, folded.graph.output)]
    inputs, outputs = ports
    return Reduced(model=folded, info=info, inputs=inputs, outputs=outputs, state=state)


def _pin(model: onnx.ModelProto, rows: int) -> None:
    """Gives every free size its number: one stream, so many rows."""
    for port in (*model.graph.input, *model.graph.output):
        for size in port.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_value = rows if size.dim_param == "time" else 1


def _without_defaults(model: onnx.ModelProto) -> dict[str, AnyArray]:
    """Makes plain inputs of what a host feeds, constants of the rest; returns the first state."""
    graph = model.graph
    carried = {port.name.removesuffix(_STATE_OUT) for port in graph.output} - {
        port.name for port in graph.output
    }
    kept = {*_FED, *carried}
    defaults = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [port for port in graph.input if port.name in kept]
    unknown = {port.name for port in graph.input} - kept - set(_CONSTANT)
    if unknown:
        raise InputError(f"no place in C for the capsule's inputs {', '.join(sorted(unknown))}")
    state = {}
    for port in inputs:
        if port.name in carried:
            shape = _port(port).shape
            given = defaults.get(port.name)
            value = np.zeros(shape, np.float32) if given is None else numpy_helper.to_array(given)
            state[port.name] = np.broadcast_to(value, shape)
    constants = [tensor for tensor in graph.initializer if tensor.name not in kept]
    del graph.input[:], graph.initializer[:]
    graph.input.extend(inputs)
    graph.initializer.extend(constants)
    del model.metadata_props[:]  # the digest is of the whole capsule
    return state


def _folded(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Returns the graph with everything computed that does not depend on its inputs."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = FATAL_ONLY
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "folded.onnx"
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise InputError(
                f"{name} cannot be had for one stream alone: {first_line(error)}"
            ) from error
        return onnx.load(path)


def _port(port: onnx.ValueInfoProto) -> Port:
    kind = port.type.tensor_type
    shape = tuple(size.dim_value for size in kind.shape.dim)
    return Port(port.name, shape, kind.elem_type == onnx.TensorProto.BOOL)
