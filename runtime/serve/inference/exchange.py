"""Requests and answers of the protocol, JSON with or without binary tensors behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.bodies import parse_json
from stillwatch.runtime.serve.inference.ports import Graph
from stillwatch.runtime.serve.inference.tensors import (
    from_binary,
    from_json,
    shape_of,
    to_binary,
    to_json,
)
from stillwatch.runtime.serve.json_text import as_json
from stillwatch.runtime.serve.problems import RequestError

__all__ = ["LENGTH_HEADER", "Request", "read_request", "write_answer"]

LENGTH_HEADER = "Inference-Header-Content-Length"
_LONGEST_ID = 1_000


@dataclass(frozen=True)
class Request:
    """feeds: by input. outputs: those that were asked for, and whether as binary data."""

    id: str | None
    feeds: Mapping[str, AnyArray]
    outputs: Mapping[str, bool]


def read_request(body: bytes, header: str | None, graph: Graph, most: int) -> Request:
    """Returns the request in a body; raises RequestError and InputError.

    header: how many bytes of it are JSON, where binary data follow. most: elements of a tensor.
    """
    length = len(body)
    if header is not None:
        if not (header.isascii() and header.isdigit()) or int(header) > len(body):
            raise RequestError(400, f"expected {LENGTH_HEADER} to be bytes of the body, got more")
        length = int(header)
    document = parse_json(body[:length])
    if not isinstance(document, dict):
        raise InputError("expected an object with inputs")
    feeds, binary = {}, memoryview(body)[length:]
    for tensor in _tensors(document, "inputs", graph.inputs):
        feeds[tensor["name"]], binary = _input(tensor, graph, binary, most)
    if binary:
        raise InputError(f"{len(binary)} bytes of binary data belong to no input")
    missing = [p.name for p in graph.inputs.values() if not p.optional and p.name not in feeds]
    if missing:
        raise InputError(f"expected the inputs {', '.join(missing)}")
    number = document.get("id")
    if number is not None and (not isinstance(number, str) or len(number) > _LONGEST_ID):
        raise InputError("expected an id of text")
    return Request(number, feeds, _outputs(document, graph))


def write_answer(
    name: str, version: str, request: Request, result: Mapping[str, AnyArray], graph: Graph
) -> tuple[bytes, int | None]:
    """Returns an answer's body, and how many bytes of it are JSON, where binary data follow."""
    outputs, tail = [], []
    for output, array in result.items():
        told: dict[str, Any] = {
            "name": output,
            "datatype": graph.outputs[output].datatype,
            "shape": list(array.shape),
        }
        if request.outputs[output]:
            tail.append(to_binary(array))
            told["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            told["data"] = to_json(array)
        outputs.append(told)
    answer: dict[str, Any] = {"model_name": name, "model_version": version, "outputs": outputs}
    if request.id is not None:
        answer["id"] = request.id
    head = as_json(answer)
    return (b"".join([head, *tail]), len(head)) if tail else (head, None)


def _tensors(document: Mapping[str, Any], what: str, known: Mapping[str, Any]) -> list[Any]:
    tensors = document.get(what)
    if not isinstance(tensors, list) or not tensors:
        raise InputError(f"expected {what}, a list of tensors")
    seen: set[str] = set()
    for tensor in tensors:
        name = tensor.get("name") if isinstance(tensor, dict) else None
        if not isinstance(name, str) or name not in known or name in seen:
            raise InputError(
                f"expected {what} of the names {', '.join(known)}, each once, got {name!r:.80}"
            )
        seen.add(name)
    return tensors


def _input(
    tensor: Mapping[str, Any], graph: Graph, binary: memoryview, most: int
) -> tuple[AnyArray, memoryview]:
    """Returns a tensor's array, and the binary data behind its own."""
    port = graph.inputs[tensor["name"]]
    if tensor.get("datatype") != port.datatype:
        raise InputError(
            f"input {port.name!r}: expected datatype {port.datatype}, got "
            f"{tensor.get('datatype')!r:.40}"
        )
    shape = shape_of(tensor, most)
    size = _parameters(tensor).get("binary_data_size")
    if size is None:
        array = from_json(tensor, shape, port.kind)
    else:
        if "data" in tensor or type(size) is not int or not 0 <= size <= len(binary):
            raise InputError(f"input {port.name!r}: expected binary_data_size bytes, and no data")
        array = from_binary(bytes(binary[:size]), port.name, shape, port.kind)
        binary = binary[size:]
    return (array.reshape(()) if port.shape == () and array.size == 1 else array), binary


def _outputs(document: Mapping[str, Any], graph: Graph) -> dict[str, bool]:
    usual = _parameters(document).get("binary_data_output") is True
    if document.get("outputs") in (None, []):
        return dict.fromkeys(graph.outputs, usual)
    result = {}
    for tensor in _tensors(document, "outputs", graph.outputs):
        given = _parameters(tensor)
        if given.get("classification") is not None:
            raise InputError("classification is not served: ask for the outputs themselves")
        result[tensor["name"]] = given.get("binary_data", usual) is True
    return result


def _parameters(document: Mapping[str, Any]) -> Mapping[str, Any]:
    value = document.get("parameters")
    if value is not None and not isinstance(value, dict):
        raise InputError("expected parameters, an object")
    return value or {}
