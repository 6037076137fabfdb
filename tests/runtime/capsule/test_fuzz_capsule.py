"""Hostile capsules: whatever the file holds, the program answers, or refuses in one line.

Most are sealed anew after the damage: the digest guards against accidents,
and what gets past it meets onnxruntime and the metadata's reader.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto
from support.damage import damaged
from support.fuzzing import DIED, Answer, Worker

from stillwatch.runtime import shipped
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.info import METADATA_KEY
from stillwatch.runtime.errors import StillwatchError

SOUND = {name: opening.read_bytes(name) for name in shipped()}
MOST_MEMORY = 512 << 20  # bytes; a sound capsule needs 70 MiB, most of it onnxruntime itself
NAMES = st.sampled_from(sorted(SOUND))
SERIES = "value,other\n" + "".join(f"{i % 7},{i % 5 / 3}\n" for i in range(320))
PLACES = st.integers(0, 10**6)
BYTES = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255)
NUMBERS = (
    st.integers(-3, 3)
    | st.sampled_from([2**31, 2**53, 2**63, -(2**63), 10**400])
    | st.floats(allow_nan=True)
)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=6) | st.just("\n\u2028\0")
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def ask(worker: Worker, content: bytes, *commands: str, graph: bool = False) -> list[Answer]:
    """Gives the bytes to the program as a capsule and returns its answers, all of them clean.

    graph: the graph itself is altered. onnxruntime folds constants as it
    loads, an Expand to 2**40 among them: then only the worker's limit bounds
    the memory, and the process may die of it.
    """
    model, series = worker.folder / "model.onnx", worker.folder / "series.csv"
    model.write_bytes(content)
    series.write_text(SERIES)
    answers = []
    for command in commands or ("info", "verify", "score"):
        words = [command, str(model)]
        if command == "score":
            words += [str(series), "-o", str(worker.folder / "out.csv")]
        answer = worker.call(words)
        starved = graph and (answer.escaped.startswith(DIED) or "bad_alloc" in answer.err)
        assert answer.clean or starved, answer
        assert answer.peak < MOST_MEMORY or graph
        answers.append(answer)
    return answers


def sealed(content: bytes) -> bytes:
    """Returns the bytes with the digest that fits them, where they still have a place for one."""
    try:
        return digest.seal(content)
    except StillwatchError:
        return content


def test_what_is_damaged_below_is_sound_before(worker: Worker) -> None:
    for name, content in SOUND.items():
        info, verify = ask(worker, sealed(content), "info", "verify")
        assert (info.status, verify.status) == (0, 0)
        assert name.startswith("smd-") or ask(worker, content, "score")[0].status == 0


@given(
    name=NAMES,
    put=st.lists(st.tuples(PLACES, BYTES), max_size=6),
    cut=st.tuples(PLACES, st.integers(0, 40)),
    copied=st.tuples(PLACES, PLACES, st.integers(0, 40)),
)
def test_damaged_bytes_sealed_anew(
    name: str,
    put: list[tuple[int, int]],
    cut: tuple[int, int],
    copied: tuple[int, int, int],
    worker: Worker,
) -> None:
    ask(worker, sealed(damaged(SOUND[name], put, cut, copied)), graph=True)


def places_in(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the path of every value in a JSON document, the first three of each list."""
    yield path
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document[:3])
    for key, value in items:
        yield from places_in(value, (*path, key))


def with_metadata(name: str, text: str) -> bytes:
    model = onnx.load_from_string(SOUND[name])
    for entry in model.metadata_props:
        if entry.key == METADATA_KEY:
            entry.value = text
    return sealed(model.SerializeToString(deterministic=True))


DOCUMENTS = {
    name: next(
        json.loads(entry.value)
        for entry in onnx.load_from_string(content).metadata_props
        if entry.key == METADATA_KEY
    )
    for name, content in SOUND.items()
}
PATHS = {name: sorted(places_in(document), key=str) for name, document in DOCUMENTS.items()}


@given(name=NAMES, changes=st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=3))
def test_metadata_with_other_values(
    name: str, changes: list[tuple[int, Any]], worker: Worker
) -> None:
    document = json.loads(json.dumps(DOCUMENTS[name]))
    for place, value in changes:
        path = PATHS[name][place % len(PATHS[name])]
        if not path:
            document = value
            continue
        inner = document
        try:
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
        except (TypeError, IndexError, KeyError):
            continue  # an earlier change took the place away
    ask(worker, with_metadata(name, json.dumps(document)))


@pytest.mark.parametrize(
    "changes",
    [
        {"tolerance": 10**400},
        {"scale": [1e-300]},
        {"state": 2**31},
        {"family": None},
        {"producer": "a\nb"},
        {"score": "\ud800"},
        {"training": 3},
        {"training": {"\x1b[2J": 1}},
        {"channels": [{"name": None, "unit": ""}]},
        {"error_quantiles": {"0.5": "high"}},
        {"threshold": {"value": 1.0}},
        {"data": {"name": "x", "rows": 3, "sha256": 5}},
        {"golden": [{"values": [[1.0], []], "score": [1, 2], "alarm": [True, False],
                     "reconstruction": [[1.0], [1.0]]}]},
        {"golden": [{"values": [], "score": [], "alarm": [], "reconstruction": []}]},
    ],
    ids=str,
)  # fmt: skip
def test_metadata_that_fuzzing_found_is_refused(changes: dict[str, Any], worker: Worker) -> None:
    content = with_metadata("nab-rds", json.dumps(DOCUMENTS["nab-rds"] | changes))
    assert [answer.status for answer in ask(worker, content)] == [2, 2, 2]


@given(name=NAMES, place=PLACES, removed=st.integers(0, 30), put=st.text(max_size=12))
@example(name="nab-rds", place=0, removed=0, put="[" * 100_000)
@example(name="nab-rds", place=0, removed=0, put='{"schema":' * 100_000)
@example(name="nab-rds", place=10**6, removed=10**6, put='{"schema": ' + "9" * 5000 + "}")
def test_metadata_with_other_text(
    name: str, place: int, removed: int, put: str, worker: Worker
) -> None:
    text = json.dumps(DOCUMENTS[name])
    at = place % len(text)
    ask(worker, with_metadata(name, text[:at] + put + text[at + removed :]), "info")


@dataclass(frozen=True)
class Altered:
    """A capsule and what was done to it; 70,000 bytes would be no help in a report."""

    content: bytes = field(repr=False)
    alterations: tuple[str, ...]


@st.composite
def other_graphs(draw: st.DrawFn) -> Altered:
    """Returns a sealed capsule whose graph has been altered in one to three places."""
    model = onnx.load_from_string(SOUND[draw(NAMES)])
    graph = model.graph
    alterations = draw(st.lists(st.sampled_from(ALTERATIONS), min_size=1, max_size=3))
    for alteration in alterations:
        if alteration == "node":
            node = graph.node[draw(PLACES) % len(graph.node)]
            node.op_type = draw(st.sampled_from(["LSTM", "Loop", "Expand", "Tile", "Nothing", ""]))
        elif alteration == "wire":
            node = graph.node[draw(PLACES) % len(graph.node)]
            other = graph.node[draw(PLACES) % len(graph.node)]
            if node.input and other.output:
                node.input[draw(PLACES) % len(node.input)] = other.output[0]
        elif alteration == "attribute":
            node = draw(st.sampled_from([node for node in graph.node if node.attribute]))
            attribute = node.attribute[draw(PLACES) % len(node.attribute)]
            attribute.i = draw(st.sampled_from([-1, 0, 2, 2**31, 2**62, -(2**63)]))
        elif alteration == "dimension":
            tensor = graph.initializer[draw(PLACES) % len(graph.initializer)]
            del tensor.dims[:]
            tensor.dims.extend(draw(st.lists(st.integers(-1, 2**40), max_size=4)))
        elif alteration == "values":
            tensor = graph.initializer[draw(PLACES) % len(graph.initializer)]
            size = len(tensor.raw_data)
            tensor.raw_data = draw(st.binary(min_size=min(size, 64), max_size=64))[:size] * (
                1 if size <= 64 else -(-size // 64)
            )
            tensor.raw_data = tensor.raw_data[:size]
        elif alteration == "type":
            port = [*graph.input, *graph.output][draw(PLACES) % 6]
            port.type.tensor_type.elem_type = draw(st.integers(0, 20))
        elif alteration == "name":
            port = [*graph.input, *graph.output][draw(PLACES) % 6]
            port.name = draw(st.sampled_from(["values", "score", "h", "", "x"]))
        else:
            refer_outside(graph.initializer[draw(PLACES) % len(graph.initializer)], draw(OUTSIDE))
    return Altered(sealed(model.SerializeToString(deterministic=True)), tuple(alterations))


ALTERATIONS = ("node", "wire", "attribute", "dimension", "values", "type", "name", "outside")
OUTSIDE = st.sampled_from(
    ["/etc/passwd", "/dev/zero", "../weights", "weights", "", ".", "/", "*/_ORT_MEM_ADDR_/*"]
)


def refer_outside(tensor: TensorProto, location: str) -> None:
    """Turns a weight into a reference to a file."""
    size = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(size))):
        tensor.external_data.add(key=key, value=value)


@given(altered=other_graphs())
def test_other_graphs(altered: Altered, worker: Worker) -> None:
    ask(worker, altered.content, graph=True)


@pytest.mark.parametrize("place", range(3))
def test_a_weight_in_another_file_is_refused(place: int, worker: Worker) -> None:
    model = onnx.load_from_string(SOUND["nab-rds"])
    weights = [tensor for tensor in model.graph.initializer if len(tensor.raw_data) >= 4]
    (worker.folder / "weights").write_bytes(weights[place].raw_data)
    refer_outside(weights[place], "weights")
    info, score = ask(worker, sealed(model.SerializeToString(deterministic=True)), "info", "score")
    assert (info.status, score.status) == (2, 2)
