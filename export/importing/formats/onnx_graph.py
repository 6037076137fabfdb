"""ONNX graphs of other exporters: weights out of their LSTM, Gemm and MatMul nodes."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.layers import Dense, Foreign, Layer, Lstm
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.external import has_external_data
from stillwatch.runtime.errors import CheckpointError, first_line

__all__ = ["from_onnx"]

_DENSE_ACTIVATIONS = {"Tanh": "tanh", "Relu": "relu", "Sigmoid": "sigmoid"}
_CELLS = {"tanh": "tanh", "relu": "relu", "sigmoid": "sigmoid", "affine": "linear"}
_GATES = {"sigmoid": "sigmoid", "hardsigmoid": "hard_sigmoid"}
# What only moves values about: whatever else computes is not the network that we would rebuild.
_PLUMBING = (
    *("Cast", "Concat", "Constant", "ConstantOfShape", "Dropout", "Expand", "Gather", "Identity"),
    *("Reshape", "Shape", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
)
# Where these make whole numbers or truth values, it is of shapes; a network's are its layers'.
_OF_SHAPES = ("Add", "Div", "Equal", "Mul", "Sub", "Where")
_WHOLE = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.BOOL)


def from_onnx(content: bytes, name: str) -> Foreign:
    """Returns the layers of a graph in the order of its nodes; raises CheckpointError."""
    try:
        outside = has_external_data(content)
        model = onnx.shape_inference.infer_shapes(onnx.load_from_string(content))
    except Exception as error:  # protobuf's errors share no base
        raise CheckpointError(f"{name} is not an ONNX file: {first_line(error)[:120]}") from error
    if outside:
        raise CheckpointError(f"{name} keeps its weights in another file: save it as one")
    reader = _Reader(model, name)
    layers: list[Layer] = []
    for node in model.graph.node:
        if node.op_type == "LSTM":
            layers.append(reader.lstm(node))
        elif node.op_type in ("Gemm", "MatMul") and (dense := reader.dense(node)):
            layers.append(dense)
        elif not reader.moves_about(node):
            raise CheckpointError(
                f"{name} has an operator {node.op_type[:60]!a}: LSTM and dense layers can come in"
            )
    if not any(isinstance(layer, Lstm) for layer in layers):
        raise CheckpointError(
            f"{name} has no LSTM node; it has {', '.join(sorted(reader.operators))[:200]}"
        )
    return Foreign(framework="ONNX", layers=tuple(layers))


class _Reader:
    """The constants of a graph, and who reads what."""

    def __init__(self, model: onnx.ModelProto, name: str) -> None:
        self._name = name
        self.operators = {node.op_type for node in model.graph.node}
        self._tensors: dict[str, onnx.TensorProto] = {t.name: t for t in model.graph.initializer}
        self._after: dict[str, onnx.NodeProto] = {}
        self._maker: dict[str, onnx.NodeProto] = {}
        self._types = {v.name: v.type.tensor_type.elem_type for v in model.graph.value_info}
        self._of_layers: set[str] = set()  # outputs of nodes that belong to a dense layer
        for node in model.graph.node:
            self._after |= dict.fromkeys(node.input, node)
            self._maker |= dict.fromkeys(node.output, node)
            if node.op_type == "Constant":
                found = [a.t for a in node.attribute if a.name == "value"]
                self._tensors |= dict.fromkeys(node.output, found[0]) if found else {}

    def moves_about(self, node: onnx.NodeProto) -> bool:
        """Whether a node computes nothing of the network that is not in its layers."""
        if node.op_type in _PLUMBING or node.output[0] in self._of_layers:
            return True
        return node.op_type in _OF_SHAPES and self._types.get(node.output[0]) in _WHOLE

    def lstm(self, node: onnx.NodeProto) -> Lstm:
        label = node.name or node.output[0]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        direction = attributes.get("direction", b"forward").decode("utf-8", "replace")
        inputs = [*node.input, *[""] * 8][:8]
        w, r, b = (self._array(i) for i in inputs[1:4])
        peephole = self._array(inputs[7])
        odd = {"clip", "input_forget", "layout"} & {k for k, v in attributes.items() if v}
        if w is None or r is None or direction == "reverse" or odd or peephole is not None:
            raise CheckpointError(
                f"{self._name}: the LSTM {label[:60]!a} cannot come in: expected constant weights, "
                f"direction forward or bidirectional, no peepholes; got {direction}, {sorted(odd)}"
            )
        count = 2 if direction == "bidirectional" else 1
        units = r.shape[-1]
        b = np.zeros((count, 8 * units), np.float32) if b is None else b
        fits = w.ndim == 3 and w.shape[:2] == (count, 4 * units)
        if not fits or r.shape != (count, 4 * units, units) or b.shape != (count, 8 * units):
            shapes = (w.shape, r.shape, b.shape)
            raise CheckpointError(f"{self._name}: {label[:60]!a} is damaged: it has {shapes}")
        cells = [
            LstmLayer.from_onnx(w[i : i + 1], r[i : i + 1], b[i : i + 1]) for i in range(count)
        ]
        activation, gate = self._activations(attributes, count, label)
        return Lstm(
            block=label,
            forward=cells[0],
            backward=cells[1] if count == 2 else None,
            begins=self._from_a_layer(inputs[5]),
            activation=activation,
            gate=gate,
            sources=dict(zip(("i2h_weight", "h2h_weight", "i2h_bias"), inputs[1:4], strict=True)),
        )

    def dense(self, node: onnx.NodeProto) -> Dense | None:
        """Returns the dense layer of a product with a constant matrix; None for other products."""
        matrix = self._array(node.input[1])
        if matrix is None or matrix.ndim != 2:
            return None
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        weight = matrix if transposed else matrix.T
        sources = {"weight": node.input[1]}
        bias, last = None, node
        if node.op_type == "Gemm" and len(node.input) > 2:
            bias = self._array(node.input[2])
            sources["bias"] = node.input[2]
        elif (add := self._after.get(node.output[0])) is not None and add.op_type == "Add":
            other = next(i for i in add.input if i != node.output[0])
            bias, last = self._array(other), add
            sources["bias"] = other
        if bias is None:
            bias = np.zeros(len(weight), np.float32)
        follower = self._after.get(last.output[0])
        operator = follower.op_type if follower is not None else ""
        self._of_layers |= {last.output[0]}
        if follower is not None and operator in _DENSE_ACTIVATIONS:
            self._of_layers |= {follower.output[0]}
        return Dense(
            block=node.name or node.output[0],
            weight=np.ascontiguousarray(weight, np.float32),
            bias=np.asarray(bias, np.float32).reshape(-1),
            activation=_DENSE_ACTIVATIONS.get(operator, "linear"),
            sources=sources,
        )

    def _from_a_layer(self, state: str) -> bool:
        """Whether a state comes from another LSTM, by way of what moves values about."""
        waiting, seen = [state], set()
        while waiting:
            node = self._maker.get(waiting.pop())
            if node is None or id(node) in seen:
                continue
            if node.op_type == "LSTM":
                return True
            seen.add(id(node))
            # Shapes are taken of values; what a state holds is what moves on.
            waiting += [] if node.op_type in ("Shape", "ConstantOfShape") else node.input[:1]
        return False

    def _activations(
        self, attributes: Mapping[str, object], count: int, label: str
    ) -> tuple[str, str]:
        """Returns activation and gate of all directions."""
        given = attributes.get("activations", [b"Sigmoid", b"Tanh", b"Tanh"] * count)
        names = [bytes(n).decode("utf-8", "replace").lower() for n in given]  # type: ignore[attr-defined]
        gate, cell, hidden = names[:3] if len(names) >= 3 else ("", "", "")
        alike = names == [gate, cell, hidden] * count and cell == hidden
        if not alike or gate not in _GATES or cell not in _CELLS:
            raise CheckpointError(
                f"{self._name}: the LSTM {label[:60]!a} has activations {names}: expected gates of "
                f"{', '.join(_GATES)}, cells of {', '.join(_CELLS)}"
            )
        return _CELLS[cell], _GATES[gate]

    def _array(self, tensor: str) -> AnyArray | None:
        if tensor not in self._tensors:
            return None
        try:
            return np.asarray(numpy_helper.to_array(self._tensors[tensor]))
        except Exception as error:  # onnx's errors share no base
            raise CheckpointError(f"{self._name}: {tensor[:60]!a} is damaged") from error
