"""A windowed network's weights, from a capsule that holds them."""

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.graph.lstm import LstmLayer, Weights
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CapsuleError
from stillwatch.train.families.config import Config

__all__ = ["weights_of_capsule"]


def weights_of_capsule(content: bytes, config: Config, name: str) -> Weights:
    """Returns the network in a capsule's graph; raises CapsuleError where it is not in fp32."""
    graph = onnx.load_from_string(content).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}

    def weight(tensor: str) -> AnyArray:
        if tensor not in tensors or tensors[tensor].data_type != onnx.TensorProto.FLOAT:
            raise CapsuleError(
                f"{name} does not hold its weights in fp32 (no {tensor}): calibrate the fp32 "
                "capsule, with --int8 where it is to be quantised"
            )
        return np.asarray(numpy_helper.to_array(tensors[tensor]))

    def layers(block: str) -> tuple[LstmLayer, ...]:
        return tuple(
            LstmLayer.from_onnx(*(weight(f"{block}{number}_{part}") for part in "WRB"))
            for number in range(config.layers)
        )

    return Weights(
        encoder=layers("encoder"),
        decoder=layers("decoder"),
        dense_weight=weight("dense_weight").T,
        dense_bias=weight("dense_bias"),
    )
