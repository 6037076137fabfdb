"""The messages of an ONNX file, as far as a capsule has them; numbers as in onnx.proto."""

from stillwatch.runtime.capsule.wire import Field

__all__ = ["ATTRIBUTES", "MESSAGES"]

_TEXTS = {1: Field("key", "text"), 2: Field("value", "text")}

MESSAGES = {
    "model": {
        1: Field("ir_version", "int"),
        2: Field("producer_name", "text"),
        3: Field("producer_version", "text"),
        7: Field("graph", "graph"),
        8: Field("opset", "opset", repeats=True),
        14: Field("metadata", "entry", repeats=True),
    },
    "opset": {1: Field("domain", "text"), 2: Field("version", "int")},
    "entry": _TEXTS,
    "graph": {
        1: Field("node", "node", repeats=True),
        2: Field("name", "text"),
        5: Field("initializer", "tensor", repeats=True),
        11: Field("input", "port", repeats=True),
        12: Field("output", "port", repeats=True),
        13: Field("value_info", "port", repeats=True),
    },
    "node": {
        1: Field("input", "text", repeats=True),
        2: Field("output", "text", repeats=True),
        3: Field("name", "text"),
        4: Field("operator", "text"),
        5: Field("attribute", "attribute", repeats=True),
        7: Field("domain", "text"),
    },
    "attribute": {
        1: Field("name", "text"),
        2: Field("f", "float"),
        3: Field("i", "int"),
        4: Field("s", "text"),
        6: Field("g", "graph"),
        7: Field("floats", "float", repeats=True),
        8: Field("ints", "int", repeats=True),
        9: Field("strings", "text", repeats=True),
        20: Field("type", "int"),
    },
    "tensor": {
        1: Field("dims", "int", repeats=True),
        2: Field("type", "int"),
        4: Field("floats", "bytes"),
        5: Field("int32s", "bytes"),
        8: Field("name", "text"),
        9: Field("raw", "bytes"),
        # These two refer to another file: they are known so that it can be said.
        13: Field("external", "entry", repeats=True),
        14: Field("location", "int"),
    },
    "port": {1: Field("name", "text"), 2: Field("type", "type")},
    "type": {1: Field("tensor", "tensor type")},
    "tensor type": {1: Field("element", "int"), 2: Field("shape", "shape")},
    "shape": {1: Field("dims", "dimension", repeats=True)},
    "dimension": {1: Field("value", "int"), 2: Field("name", "text")},
}

# The field that holds an attribute's value, by the attribute's type.
ATTRIBUTES = {1: "f", 2: "i", 3: "s", 5: "g", 6: "floats", 7: "ints", 8: "strings"}
