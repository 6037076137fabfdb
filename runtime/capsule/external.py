"""Finds tensors in an ONNX file whose data lie in another file.

Such a reference is a path that a reader would open. Capsules are read by
graph.py, which knows no such field; this is for the ONNX files of others. A walk
over the protocol-buffer fields that can hold a tensor; numbers as in onnx.proto
of the ONNX standard.
"""

from stillwatch.runtime.capsule.wire import fields

__all__ = ["has_external_data"]

_Buffer = memoryview

# Field numbers: the messages below a message, by its kind.
_BELOW = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor
_DEEPEST = 64


def has_external_data(content: bytes) -> bool:
    """Whether any tensor of an ONNX model refers to another file.

    Raises ValueError where the bytes are no protocol buffer, or graphs nest
    deeper than any exporter's.
    """
    stack: list[tuple[_Buffer, str, int]] = [(memoryview(content), "model", 0)]
    while stack:
        message, kind, depth = stack.pop()
        if depth > _DEEPEST:
            raise ValueError("graphs nest too deeply")
        for number, _, value, _ in fields(message):
            if kind == "tensor" and number in (_EXTERNAL_DATA, _DATA_LOCATION):
                if isinstance(value, _Buffer) or value:
                    return True
            elif number in _BELOW[kind] and isinstance(value, _Buffer):
                stack.append((value, _BELOW[kind][number], depth + 1))
    return False
