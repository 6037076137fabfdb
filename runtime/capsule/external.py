"""Finds tensors in an ONNX file whose data lie in another file.

Such a reference is a path that onnxruntime would open; a capsule is one file,
so it is refused before onnxruntime sees it. A walk over the protocol-buffer
fields that can hold a tensor; numbers as in onnx.proto of the ONNX standard.
"""

from collections.abc import Iterator

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
        for number, value in _fields(message):
            if kind == "tensor" and number in (_EXTERNAL_DATA, _DATA_LOCATION):
                if isinstance(value, _Buffer) or value:
                    return True
            elif number in _BELOW[kind] and isinstance(value, _Buffer):
                stack.append((value, _BELOW[kind][number], depth + 1))
    return False


def _fields(message: _Buffer) -> Iterator[tuple[int, _Buffer | int]]:
    """Yields number and value of each field: a buffer where it has a length, else a number."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _varint(message, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} at byte {place}")
        if size > len(message) - place:
            raise ValueError(f"a field of {size} bytes at byte {place} runs over the end")
        yield number, message[place : place + size]
        place += size


def _varint(message: _Buffer, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place += 1
        shift += 7
        if byte < 0x80:
            return value, place
    raise ValueError(f"a number without end at byte {place}")
