"""A number has one answer wherever it stands: alone, in a batch, at the end of a vector's tail.

Scores are promised equal to the bit alone, in a chunk and in a fleet, which only such operators
can keep. onnxruntime's Log cannot: it computes the last few numbers of a tensor in another way.
"""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from stillwatch.runtime.arrays import Float32

OPERATORS = ("Abs", "Asinh", "Sigmoid", "Sqrt", "Tanh")  # those of a score, each of one input


def answer(operator: str, values: Float32) -> Float32:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    node = helper.make_node(operator, ["x"], ["y"])
    model = helper.make_model(
        helper.make_graph([node], operator, ends[:1], ends[1:]),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    model.ir_version = 8
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    parts = [session.run(None, {"x": part})[0] for part in np.split(values, CUTS)]
    return np.concatenate([*parts, session.run(None, {"x": values})[0]])


CUTS = np.cumsum(np.tile(np.arange(1, 18), 10))


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_number_has_one_answer_wherever_it_stands(operator: str) -> None:
    values = np.random.default_rng(1).uniform(0.01, 50, CUTS[-1] + 5).astype(np.float32)
    apart, together = np.split(answer(operator, values), 2)
    np.testing.assert_array_equal(apart, together)
