"""What reaches a layer of an ONNX graph: which layers before it, repeated, or their last step."""

from collections.abc import Mapping
from dataclasses import dataclass

import onnx

from stillwatch.runtime.arrays import AnyArray

__all__ = ["Arrival", "Flow"]

_REPEATS = ("Tile", "Expand")
_OF_SHAPES = ("Shape", "ConstantOfShape", "Constant")


@dataclass(frozen=True)
class Arrival:
    """layers: numbers of those whose values arrive. repeated: one step, again and again.

    last: only the last step of a layer.
    """

    layers: frozenset[int]
    repeated: bool
    last: bool


class Flow:
    """Values followed backward through a graph, from a layer to those before it."""

    def __init__(self, model: onnx.ModelProto, constants: Mapping[str, AnyArray | None]) -> None:
        """constants: the small ones, by name."""
        self._maker = {output: node for node in model.graph.node for output in node.output}
        self._constants = constants

    def arrival(self, tensor: str, outputs: Mapping[str, tuple[int, bool]]) -> Arrival:
        """Returns what reaches a tensor.

        outputs: of the layers so far, their number and whether the tensor is
        the last step alone.
        """
        waiting, seen = [tensor], set()
        layers: set[int] = set()
        repeated = last = False
        while waiting:
            name = waiting.pop()
            if name in outputs:
                number, ends = outputs[name]
                layers.add(number)
                last |= ends
                continue
            node = self._maker.get(name)
            # A shape is taken of values; what moves on is what is reshaped.
            if node is None or id(node) in seen or node.op_type in _OF_SHAPES:
                continue
            seen.add(id(node))
            repeated |= node.op_type in _REPEATS
            last |= self._takes_the_last(node)
            waiting += node.input if node.op_type == "Concat" else node.input[:1]
        return Arrival(frozenset(layers), repeated, last)

    def _takes_the_last(self, node: onnx.NodeProto) -> bool:
        if node.op_type not in ("Slice", "Gather") or len(node.input) < 2:
            return False
        where = self._constants.get(node.input[1])
        return where is not None and where.size == 1 and int(where.reshape(-1)[0]) == -1
