"""Whether a capsule's graph is made of what export makes graphs of, and nothing else.

onnxruntime reads far more than that: weights in other files, functions,
graphs within graphs, loops without end. A file is refused here unless every
byte of it is understood and known.
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.runtime.capsule.messages import ATTRIBUTES, MESSAGES
from stillwatch.runtime.capsule.operators import (
    DEFAULTS,
    DOMAINS,
    INPUTS,
    OPERATORS,
    OUTPUTS,
    Operator,
)
from stillwatch.runtime.capsule.repetition import REPEATING, check_loop, check_scan
from stillwatch.runtime.capsule.wire import Message, read_message

__all__ = ["read_graph"]

_IR_VERSION = 8
_SIZES = {1: 4, 3: 1, 7: 8, 9: 1, 11: 8}  # bytes: float32, int8, int64, bool, double
_INT64 = 7
_MOST_NODES = 4096
_LARGEST = 2**20  # of a whole number: a length, a place, a number of rounds
_MOST_CLAIMED = 2**24  # elements that the whole numbers of a shape claim together
_TO_THE_END = 2**63 - 1  # of a Slice
_DEEPEST = 2  # graphs within graphs


def read_graph(content: bytes) -> Message:
    """Returns the model in a capsule's bytes, by the names in messages.py; raises ValueError."""
    model = read_message(memoryview(content), "model", MESSAGES)
    if model.get("ir_version") != _IR_VERSION:
        raise ValueError(f"expected IR version {_IR_VERSION}, got {model.get('ir_version')}")
    opsets = [(opset.get("domain", ""), opset.get("version")) for opset in model["opset"]]
    if len(dict(opsets)) < len(opsets) or not {("", DOMAINS[""])} <= set(opsets) <= set(
        DOMAINS.items()
    ):
        raise ValueError(f"expected the operators of {DOMAINS}, got {opsets}")
    keys = [entry.get("key") for entry in model["metadata"]]
    if len(set(keys)) < len(keys):
        raise ValueError(f"metadata of one name: {keys}")
    if "graph" not in model:
        raise ValueError("no graph")
    _Reader().read(model["graph"])
    return model


class _Reader:
    """Checks a graph, and those in it, which see its values."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[int, ...]] = {}  # of int64 initializers
        self._nodes = 0

    def read(self, graph: Message) -> None:
        """Raises ValueError unless the graph is one that export may have written."""
        known: set[str] = set()
        inputs = {_port(port) for port in graph["input"]}
        tensors = [self._tensor(tensor) for tensor in graph["initializer"]]
        if len(inputs) < len(graph["input"]) or len(set(tensors)) < len(tensors):
            raise ValueError("two inputs or initializers of one name")
        _want(inputs <= INPUTS, "inputs", inputs - INPUTS)
        _want(inputs & set(tensors) <= DEFAULTS, "defaults", inputs & set(tensors) - DEFAULTS)
        known |= inputs | set(tensors)
        self._body(graph, known, 0)
        outputs = {_port(port) for port in graph["output"]}
        _want(outputs <= OUTPUTS, "outputs", outputs - OUTPUTS)
        _want(len(outputs) == len(graph["output"]), "outputs", graph["output"])

    def _body(self, graph: Message, known: set[str], depth: int) -> None:
        """Checks nodes and outputs; adds what the nodes put out to what is known."""
        self._nodes += len(graph["node"])
        _want(self._nodes <= _MOST_NODES, f"nodes, {_MOST_NODES} at most", self._nodes)
        for port in graph["value_info"]:
            _port(port)
        for node in graph["node"]:
            self._node(node, known, depth)
        missing = {_port(port) for port in graph["output"]} - known
        _want(not missing, "outputs that nodes put out", missing)

    def _node(self, node: Message, known: set[str], depth: int) -> None:
        name = node.get("operator", "")
        operator = OPERATORS.get(name)
        if operator is None or node.get("domain", "") != operator.domain:
            raise ValueError(f"an operator {ascii(name)[:40]} that no capsule has")
        for ports, (least, most) in (
            (node["input"], operator.inputs),
            (node["output"], operator.outputs),
        ):
            _want(least <= len(ports) <= most, f"{least} to {most} ports of {name}", len(ports))
        missing = set(filter(None, node["input"])) - known
        _want(not missing, f"inputs of {name} that there are", missing)
        attributes = _attributes(node, name, operator)
        self._check_claims(node, name)
        if name in REPEATING:
            body = attributes["body"]
            ports = ([_port(port) for port in body[kind]] for kind in ("input", "output"))
            (check_loop if name == "Loop" else check_scan)(node, *ports)
        for value in attributes.values():
            if isinstance(value, dict):
                self._inner(value, known, depth + 1, repeats=name in REPEATING)
        fresh = list(filter(None, node["output"]))
        _want(len(set(fresh)) == len(fresh), f"outputs of {name} of names of their own", fresh)
        _want(not set(fresh) & known, f"outputs of {name} that are new", set(fresh) & known)
        known.update(fresh)

    def _inner(self, graph: Message, known: set[str], depth: int, *, repeats: bool) -> None:
        """Checks a graph within a graph, which has no weights of its own."""
        _want(depth <= _DEEPEST, f"graphs {_DEEPEST} deep at most", depth)
        _want(not graph["initializer"], "no initializers within a graph's graphs", "some")
        inputs = [_port(port) for port in graph["input"]]
        _want(repeats or not inputs, "no inputs of a branch", inputs)
        fresh = len(set(inputs)) == len(inputs) and not set(inputs) & known
        _want(fresh, "inputs of names of their own", inputs)
        inner = known | set(inputs)
        for node in graph["node"]:
            repeating = node.get("operator") in REPEATING
            _want(not repeating, "no Loop or Scan within a graph's graphs", node.get("operator"))
        self._body(graph, inner, depth)

    def _check_claims(self, node: Message, name: str) -> None:
        """Shapes are no larger than any network's, as far as they are told by whole numbers."""
        claimed = 1
        for place, source in enumerate(node["input"]):
            for number in self._numbers.get(source, ()):
                if number == _TO_THE_END:
                    _want((name, place) == ("Slice", 2), "the end of a Slice", name)
                else:
                    claimed *= max(1, abs(number))
        if name in ("Concat", "ConstantOfShape", "Expand", "Mul", "Pad", "Reshape"):
            _want(claimed <= _MOST_CLAIMED, f"a shape of {_MOST_CLAIMED} at most", claimed)

    def _tensor(self, tensor: Message) -> str:
        """Returns an initializer's name."""
        name = tensor.get("name", "")
        if tensor["external"] or tensor.get("location"):
            raise ValueError("it refers to another file for its weights: a capsule is one file")
        size, dims = _SIZES.get(tensor.get("type", 0)), tensor["dims"]
        _want(
            bool(name) and size is not None,
            "a tensor of float32, double, int8, int64 or bool",
            name,
        )
        _want(len(dims) <= 6 and all(0 <= d <= _LARGEST for d in dims), "dimensions", dims)
        count = 1
        for dim in dims:
            count *= dim
        given = [part for part in ("raw", "floats", "int32s") if part in tensor]
        _want(len(given) == 1 or not count, f"one content of {name!r}", given)
        if "int32s" in tensor:
            _want(tensor["type"] == 3 and bytes(tensor["int32s"]) == bytes(count), "zeros", name)
        elif given:
            _want(given[0] == "raw" or tensor["type"] == 1, "float32", name)
            length = len(tensor[given[0]])
            _want(length == count * (size or 0), f"{count} elements of {name!r}", length)
        if tensor["type"] == _INT64 and "raw" in tensor:
            _want(count <= 64, "64 whole numbers at most", count)
            numbers = tuple(memoryview(bytes(tensor["raw"])).cast("q"))
            fits = all(abs(n) <= _LARGEST or n == _TO_THE_END for n in numbers)
            _want(fits, f"whole numbers up to {_LARGEST}", numbers)
            self._numbers[name] = numbers
        return str(name)


def _attributes(node: Message, name: str, operator: Operator) -> Mapping[str, Any]:
    """Returns a node's attributes by name."""
    result: dict[str, Any] = {}
    for attribute in node["attribute"]:
        label, kind = attribute.get("name", ""), attribute.get("type")
        if operator.attributes.get(label) != kind or label in result:
            raise ValueError(f"an attribute {ascii(label)[:40]} of {name} that no capsule has")
        held = {key for key in ATTRIBUTES.values() if attribute.get(key) not in (None, [])}
        _want(held <= {ATTRIBUTES[kind]}, f"one value of {label}", held)
        value = attribute.get(ATTRIBUTES[kind])
        whole = value if isinstance(value, list) else [value]
        fits = all(not isinstance(number, int) or abs(number) <= _LARGEST for number in whole)
        _want(value is not None and fits, f"a {label} up to {_LARGEST}", whole)
        result[label] = value
    if missing := [n for n, kind in operator.attributes.items() if kind == 5 and n not in result]:
        raise ValueError(f"{name} lacks {', '.join(missing)}")
    return result


def _port(port: Message) -> str:
    """Returns an input's or output's name."""
    name, tensor = port.get("name", ""), port.get("type", {}).get("tensor", {})
    dims = tensor.get("shape", {"dims": []})["dims"]
    fits = all(0 <= dim.get("value", 0) <= _LARGEST and len(dim) <= 1 for dim in dims)
    _want(bool(name) and fits and len(dims) <= 6, "a name and a shape", ascii(name)[:40])
    return str(name)


def _want(fits: bool, expected: str, got: object) -> None:
    if not fits:
        raise ValueError(f"expected {expected}, got {ascii(got)[:80]}")
