"""An ONNX model that is no capsule."""

import onnx
from onnx import TensorProto, helper


def unrelated_model(reads: str = "x", says: str = "y") -> onnx.ModelProto:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in (reads, says))
    graph = helper.make_graph([helper.make_node("Abs", [reads], [says])], "unrelated", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
