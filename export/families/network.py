"""A windowed network's weights, from a capsule that holds them."""

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.graph.lstm import LstmLayer, Weights
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CapsuleError
from stillwatch.train.families.config import Config
from stillwatch.train.families.stack.config import StackConfig

__all__ = ["cells_of", "weights_of_capsule"]


def cells_of(config: Config) -> dict[str, int]:
    """Returns how many cells encoder and decoder have: a layer with both directions has two."""
    if isinstance(config, StackConfig):
        return config.cells
    return {"encoder": config.layers, "decoder": config.layers}


def weights_of_capsule(content: bytes, config: Config, name: str) -> Weights:
    """Returns the network in a capsule's graph; raises CapsuleError where it is not in fp32."""
    graph = onnx.load_from_string(content).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    cells = cells_of(config)

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
            for number in range(cells[block])
        )

    return Weights(
        encoder=layers("encoder"),
        decoder=layers("decoder"),
        dense_weight=weight("dense_weight").T,
        dense_bias=weight("dense_bias"),
    )
