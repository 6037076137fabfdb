"""An encoder's input rewritten so that int8 scales it the same whatever else is in the batch.

Dynamic quantisation has one scale for a whole batch of inputs: a single spike
coarsens it for every other window. So each value goes in as _PIECES parts,
none larger than _WIDTH, whose sum is the value (up to their joint range, far
beyond where gates saturate), beside two constants that span that width. The
scale is then always theirs. All parts have the value's own weight, so the
layer computes what it did.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

__all__ = ["code_input"]

# In standardised units: nearly all values lie in the first part, the rest reach to 256. Sixteen
# parts of 4, a fiftieth faster, end at 64 and lost detections on a machine that goes far beyond;
# parts of 16 are too coarse for ordinary values. These call what fp32 calls.
_WIDTH, _PIECES = 8.0, 32


def code_input(model: onnx.ModelProto) -> None:
    """Rewrites, in place, the first LSTM node of a model to take the parts of its input."""
    nodes = list(model.graph.node)
    place, encoder = next((i, node) for i, node in enumerate(nodes) if node.op_type == "LSTM")
    steps = encoder.input[0]
    edges = np.arange(_PIECES, dtype=np.float32) * _WIDTH
    spans = {
        # Value minus what the parts before it hold; the last two are the constants.
        "far": (np.append(edges + _WIDTH, [_WIDTH, -_WIDTH]), [_WIDTH, -_WIDTH]),
        "near": (np.append(edges, [0.0, 0.0]), [0.0, 0.0]),
    }
    added = [helper.make_node("Unsqueeze", [steps, "code_axis"], ["code_values"], "code_values")]
    constants = [numpy_helper.from_array(np.array([3], np.int64), "code_axis")]
    for name, (upper, ends) in spans.items():
        lower = np.append(-upper[:_PIECES], ends).astype(np.float32)
        constants += [
            numpy_helper.from_array(upper.astype(np.float32), f"code_{name}_upper"),
            numpy_helper.from_array(lower, f"code_{name}_lower"),
        ]
        low, cut = f"code_{name}_low", f"code_{name}"
        added.append(helper.make_node("Min", ["code_values", f"code_{name}_upper"], [low], low))
        added.append(helper.make_node("Max", [low, f"code_{name}_lower"], [cut], cut))
    added.append(helper.make_node("Sub", ["code_far", "code_near"], ["code_parts"], "code_parts"))
    constants.append(numpy_helper.from_array(np.array([0, 0, -1], np.int64), "code_shape"))
    added.append(helper.make_node("Reshape", ["code_parts", "code_shape"], ["coded"], "coded"))

    encoder.input[0] = "coded"
    weight = next(one for one in model.graph.initializer if one.name == encoder.input[1])
    columns = numpy_helper.to_array(weight)[..., None]  # (1, 4H, C, 1)
    parts = np.repeat(columns, _PIECES, axis=3)
    parts = np.concatenate([parts, np.zeros_like(parts[..., :2])], axis=3)
    weight.CopyFrom(
        numpy_helper.from_array(parts.reshape(*columns.shape[:2], -1).copy(), weight.name)
    )
    model.graph.initializer.extend(constants)
    del model.graph.node[:]
    model.graph.node.extend([*nodes[:place], *added, *nodes[place:]])
