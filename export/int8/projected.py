"""The projected decoder in int8, which onnxruntime's own quantisation leaves in fp32.

There the layer's W is no weight but computed: the projections of the N
repeated inputs. In 8 bits they would lose too much. So each is two rows, its
whole steps and the rest in 254ths of a step, and sequence n reads 1 of the
first and 1/255 of the second: numbers that the layer's own quantisation of
what it reads holds exactly.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["quantize_projected"]

_STEPS = 127.0  # of int8, to either side
_WEIGHT_STEPS = 64.0  # of 7 bits, as onnxruntime has them in its reduced range; see quantization.py
_CONSTANTS: dict[str, AnyArray] = {
    "projected_steps": np.array(_STEPS, np.float32),
    "projected_parts": np.array(254, np.float32),  # of a step: half of them still fit into int8
    "projected_part": np.array(1 / 255, np.float32),
    "projected_smallest": np.array(1e-30, np.float32),  # where all projections are zero
    "projected_one": np.array([1], np.int64),
    "projected_zero": np.zeros(1, np.int8),
}


def quantize_projected(model: onnx.ModelProto) -> None:
    """Rewrites, in place, the decoder of a graph in which the other LSTM layers are int8."""
    nodes = {node.output[0]: node for node in model.graph.node}
    layer, product, vectors = (nodes[n] for n in ("decoder0_all", "projections", "unit_vectors"))
    by_unit = nodes[product.input[1]]
    replaced = {
        id(by_unit): [],
        id(product): _projections(by_unit.input[0]),
        id(vectors): [*_both_parts(vectors.input[0]), vectors],
        id(layer): [_quantized(layer)],
    }
    vectors.input[0] = "units_of_both"
    ordered = [new for node in model.graph.node for new in replaced.get(id(node), [node])]

    constants = dict(_CONSTANTS)
    old = (product.input[0], layer.input[2])
    kept = []
    for tensor in model.graph.initializer:
        if tensor.name in old:
            name = "projected_W" if tensor.name == old[0] else "projected_R"
            constants[name], constants[f"{name}_scale"] = _int8(numpy_helper.to_array(tensor))
        else:
            kept.append(tensor)
    kept += [numpy_helper.from_array(value, name) for name, value in constants.items()]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(ordered)
    model.graph.initializer.extend(kept)


def _projections(last: str) -> list[onnx.NodeProto]:
    """Returns the nodes from `last` (1, N, H) to both rows of each projection (1, 2N, 4H)."""
    return [
        # In 8 bits, as the plain form's layer computes it.
        _node("DynamicQuantizeLinear", [last], "last_int8", "last_scale", "last_zero"),
        _node("MatMulInteger", ["last_int8", "projected_W", "last_zero"], "projected_sums"),
        _node("Cast", ["projected_sums"], "projected_floats", to=TensorProto.FLOAT),
        _node("Mul", ["last_scale", "projected_W_scale"], "projected_unit"),
        _node("Mul", ["projected_floats", "projected_unit"], "projections"),
        _node("Abs", ["projections"], "projected_sizes"),
        _node("ReduceMax", ["projected_sizes"], "projected_largest", keepdims=0),
        _node("Max", ["projected_largest", "projected_smallest"], "projected_range"),
        _node("Div", ["projected_range", "projected_steps"], "projected_step"),
        _node("Div", ["projections", "projected_step"], "projected_in_steps"),
        _node("Round", ["projected_in_steps"], "projected_whole"),
        _node("Sub", ["projected_in_steps", "projected_whole"], "projected_left"),
        _node("Mul", ["projected_left", "projected_parts"], "projected_in_parts"),
        _node("Round", ["projected_in_parts"], "projected_rest"),
        _node("Concat", ["projected_whole", "projected_rest"], "projected_rows", axis=1),
        _node("Cast", ["projected_rows"], "projected_rows_int8", to=TensorProto.INT8),
        _node("Reshape", ["projected_step", "projected_one"], "projected_scale"),
    ]


def _both_parts(units: str) -> list[onnx.NodeProto]:
    """Returns the nodes from unit vectors (N, N) to what reads both rows (N, 2N)."""
    return [
        _node("Mul", [units, "projected_part"], "units_of_rest"),
        _node("Concat", [units, "units_of_rest"], "units_of_both", axis=1),
    ]


def _quantized(layer: onnx.NodeProto) -> onnx.NodeProto:
    """Returns the layer in int8, of the rows and of its recurrent weights."""
    steps, bias = layer.input[0], layer.input[3]
    inputs = [
        *(steps, "projected_rows_int8", "projected_R", bias),
        *("", "", "", ""),  # lengths, both first states, peepholes
        *("projected_scale", "projected_zero", "projected_R_scale", "projected_zero"),
    ]
    quantized = _node("DynamicQuantizeLSTM", inputs, *layer.output, domain="com.microsoft")
    quantized.attribute.extend(layer.attribute)
    return quantized


def _int8(weight: AnyArray) -> tuple[AnyArray, Float32]:
    """Returns an LSTM weight (1, 4H, C) as int8 (1, C, 4H), and its scale (1,)."""
    scale = (np.abs(weight).max(keepdims=True).reshape(1) / _WEIGHT_STEPS).astype(np.float32)
    rounded = np.round(weight / scale).astype(np.int8)
    return np.ascontiguousarray(rounded.transpose(0, 2, 1)), scale


def _node(operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs, list(outputs), outputs[0], **attributes)
