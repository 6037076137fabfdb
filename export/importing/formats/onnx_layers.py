"""The nodes of an ONNX graph as layers: LSTM, Gemm and MatMul, and what is around them."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.layers import Dense, Lstm
from stillwatch.export.importing.scaler import Scaler
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError

__all__ = ["LayerReader"]

_DENSE_ACTIVATIONS = {"Tanh": "tanh", "Relu": "relu", "Sigmoid": "sigmoid"}
_CELLS = {"tanh": "tanh", "relu": "relu", "sigmoid": "sigmoid", "affine": "linear"}
_GATES = ("sigmoid", "hardsigmoid")
# By a hard sigmoid's slope; the standard's default is Keras 2's.
_SLOPES = {0.2: "hard_sigmoid_0.2", round(1 / 6, 6): "hard_sigmoid"}
# What only moves values about: whatever else computes is not the network that we would rebuild.
_PLUMBING = (
    *("Cast", "Concat", "Constant", "ConstantOfShape", "Dropout", "Expand", "Gather", "Identity"),
    *("Reshape", "Shape", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
)
# Where these make whole numbers or truth values, it is of shapes; a network's are its layers'.
_OF_SHAPES = ("Add", "Div", "Equal", "Mul", "Sub", "Where")
_WHOLE = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.BOOL)


class LayerReader:
    """The constants of a graph, and who reads what.

    tensors: constants by name. outputs: of each layer read so far, the names
    of what it gives. rows: of tensors with a known first axis of three, its length.
    """

    def __init__(self, model: onnx.ModelProto, name: str) -> None:
        """model: with the shapes and types that onnx infers; name: of the file, for messages."""
        self._name = name
        self.tensors: dict[str, onnx.TensorProto] = {t.name: t for t in model.graph.initializer}
        self._after: dict[str, onnx.NodeProto] = {}
        self._maker: dict[str, onnx.NodeProto] = {}
        self._types = {v.name: v.type.tensor_type.elem_type for v in model.graph.value_info}
        self._of_layers: set[str] = set()  # outputs of nodes that belong to a dense layer
        self.outputs: list[list[str]] = []  # of each layer
        self.rows = {  # of what is read time first, where the graph says how many
            v.name: v.type.tensor_type.shape.dim[0].dim_value
            for v in (*model.graph.value_info, *model.graph.input)
            if len(v.type.tensor_type.shape.dim) == 3
            and v.type.tensor_type.shape.dim[0].dim_value > 1
        }
        for node in model.graph.node:
            self._after |= dict.fromkeys(node.input, node)
            self._maker |= dict.fromkeys(node.output, node)
            if node.op_type == "Constant":
                result = [a.t for a in node.attribute if a.name == "value"]
                self.tensors |= dict.fromkeys(node.output, result[0]) if result else {}

    def scaler(self, node: onnx.NodeProto) -> Scaler:
        """Returns the scaler of skl2onnx's node: (values - offset) * scale."""
        result = {
            a.name: np.array(onnx.helper.get_attribute_value(a), float) for a in node.attribute
        }
        offset, factor = result.get("offset"), result.get("scale")
        fits = offset is not None and factor is not None and offset.shape == factor.shape
        if offset is None or factor is None or not fits or not (factor > 0).all():
            raise CheckpointError(f"{self._name}: its Scaler is no offset and scale a channel")
        return Scaler(offset, 1.0 / factor)

    def moves_about(self, node: onnx.NodeProto) -> bool:
        """Whether a node computes nothing of the network that is not in its layers."""
        if node.op_type in _PLUMBING or node.output[0] in self._of_layers:
            return True
        return node.op_type in _OF_SHAPES and self._types.get(node.output[0]) in _WHOLE

    def lstm(self, node: onnx.NodeProto) -> Lstm:
        """Returns the layer of an LSTM node; raises CheckpointError for what none can be."""
        label = _label(node)
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        direction = attributes.get("direction", b"forward").decode("utf-8", "replace")
        inputs = [*node.input, *[""] * 8][:8]
        w, r, b = (self.array(i) for i in inputs[1:4])
        peephole = self.array(inputs[7])
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
        self.outputs.append(list(node.output))
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
        matrix = self.array(node.input[1])
        if matrix is None or matrix.ndim != 2:
            return None
        said = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if said.get("transA") or {said.get("alpha", 1.0), said.get("beta", 1.0)} != {1.0}:
            raise CheckpointError(
                f"{self._name}: the product {node.output[0][:60]!a} is more than a dense layer"
            )
        transposed = bool(said.get("transB"))
        weight = matrix if transposed else matrix.T
        sources = {"weight": node.input[1]}
        bias, last = None, node
        if node.op_type == "Gemm" and len(node.input) > 2:
            bias = self.array(node.input[2])
            sources["bias"] = node.input[2]
        elif (add := self._behind(node)) is not None and add.op_type == "Add":
            other = next((i for i in add.input if i in self.tensors), "")
            bias, last = self.array(other), add
            sources["bias"] = other
        if bias is None:
            bias = np.zeros(len(weight), np.float32)
        follower = self._behind(last)
        operator = follower.op_type if follower is not None else ""
        self._of_layers |= {last.output[0]}
        if follower is not None and operator in _DENSE_ACTIVATIONS:
            self._of_layers |= {follower.output[0]}
            last = follower
        self.outputs.append([last.output[0]])
        return Dense(
            block=_label(node),
            weight=np.ascontiguousarray(weight, np.float32),
            bias=np.asarray(bias, np.float32).reshape(-1),
            activation=_DENSE_ACTIVATIONS.get(operator, "linear"),
            sources=sources,
        )

    def _behind(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """Returns who reads a node's answer, past what only gives it another shape."""
        after = self._after.get(node.output[0])
        while after is not None and after.op_type in ("Reshape", "Identity"):
            after = self._after.get(after.output[0])
        return after

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
        # A figure for each function, which those without one leave.
        alpha = list(attributes.get("activation_alpha", ()))  # type: ignore[call-overload]
        beta = list(attributes.get("activation_beta", ()))  # type: ignore[call-overload]
        slope = round(float(alpha[0]) if alpha else 0.2, 6)
        hard = gate == "hardsigmoid"
        plain = cell != "affine" or (set(alpha[-2:]) <= {1.0} and set(beta[-2:]) <= {0.0})
        if not plain or (hard and (slope not in _SLOPES or beta[:1] not in ([], [0.5]))):
            raise CheckpointError(
                f"{self._name}: the LSTM {label[:60]!a} has activations of its own measure, alpha "
                f"{alpha} and beta {beta}: expected 0.5 + x/6 or 0.5 + 0.2 x of a hard sigmoid"
            )
        return _CELLS[cell], _SLOPES[slope] if hard else gate

    def array(self, tensor: str) -> AnyArray | None:
        """Returns a constant; None for what is computed."""
        if tensor not in self.tensors:
            return None
        try:
            return np.asarray(numpy_helper.to_array(self.tensors[tensor]))
        except Exception as error:  # onnx's errors share no base
            raise CheckpointError(f"{self._name}: {tensor[:60]!a} is damaged") from error


def _label(node: onnx.NodeProto) -> str:
    """Returns how a node is called; protobuf gives bytes for what is no UTF-8."""
    label = node.name or node.output[0]
    return label if isinstance(label, str) else repr(label)
