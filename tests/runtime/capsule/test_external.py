"""A capsule is one file: what refers to another is refused before it is opened."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stillwatch.runtime import CapsuleError, Detector, shipped
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.external import has_external_data


def external_tensor(name: str = "w") -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/hostname")
    return tensor


def branch(tensor: TensorProto) -> onnx.GraphProto:
    return helper.make_graph([], "branch", [], [], [tensor])


def sparse(tensor: TensorProto) -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(values=tensor, dims=[4])


def model_with(place: str) -> onnx.ModelProto:
    model = onnx.load_from_string(opening.read_bytes("nab-rds"))
    tensor = external_tensor()
    node = helper.make_node("If", ["is_step"], ["x"], "hides", then_branch=branch(tensor))
    if place == "initializer":
        model.graph.initializer.append(tensor)
    elif place == "sparse initializer":
        model.graph.sparse_initializer.append(sparse(tensor))
    elif place == "constant":
        model.graph.node.append(helper.make_node("Constant", [], ["x"], "hides", value=tensor))
    elif place == "sparse constant":
        constant = helper.make_node("Constant", [], ["x"], "hides", sparse_value=sparse(tensor))
        model.graph.node.append(constant)
    elif place == "branch":
        model.graph.node.append(node)
    elif place == "branch in a branch":
        outer = helper.make_graph([node], "outer", [], [])
        model.graph.node.append(
            helper.make_node("If", ["is_step"], ["y"], "hides more", else_branch=outer)
        )
    elif place == "function":
        opsets = [helper.make_opsetid("", 17)]
        model.functions.append(helper.make_function("d", "f", [], [], [node], opsets))
    elif place == "training":
        model.training_info.add().algorithm.CopyFrom(branch(tensor))
    else:
        assert place == "location only"
        plain = numpy_helper.from_array(np.zeros(4, np.float32), "w")
        plain.data_location = TensorProto.EXTERNAL
        model.graph.initializer.append(plain)
    return model


REFUSED = r"refers to another file|no capsule has|within a graph|that there are|lacks (else|then)_"
PLACES = [
    "initializer", "sparse initializer", "constant", "sparse constant", "branch",
    "branch in a branch", "function", "training", "location only",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_reference_to_another_file_is_found_wherever_it_is(place: str, tmp_path: Path) -> None:
    model = model_with(place)
    marks = {prop.key: prop.value for prop in model.metadata_props}
    marks["stillwatch.digest"] = digest.PLACEHOLDER
    helper.set_model_props(model, marks)
    path = tmp_path / "model.onnx"
    path.write_bytes(digest.seal(model.SerializeToString()))
    with pytest.raises(
        CapsuleError,
        match=REFUSED,
    ):
        Detector.load(path)


def test_shipped_capsules_refer_to_none() -> None:
    for name in shipped():
        assert not has_external_data(opening.read_bytes(name))


def test_a_file_can_be_pinned() -> None:
    content = opening.read_bytes("nab-rds")
    found = hashlib.sha256(content).hexdigest()
    assert Detector.load("nab-rds", sha256=found.upper()).info.family == "nab-rds"
    for other in ("0" * 64, ""):  # a variable that was never set is no digest either
        with pytest.raises(CapsuleError, match=f"file: expected sha256 {other}, got {found}"):
            Detector.load("nab-rds", sha256=other)


@pytest.mark.parametrize("content", [b"\x07", b"\x0a\xff\xff\xff\xff\x0f", b"\x3a" + b"\xff" * 11])
def test_bytes_that_are_no_protocol_buffer_are_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="at byte"):
        has_external_data(content)


def test_a_nest_of_graphs_is_an_error_not_a_recursion() -> None:
    def field(number: int, content: bytes) -> bytes:
        size, head = len(content), bytearray([number << 3 | 2])
        while size > 0x7F:
            head.append(size & 0x7F | 0x80)
            size >>= 7
        return bytes(head) + bytes([size]) + content

    graph = b""
    for _ in range(5000):
        graph = field(1, field(5, field(6, graph)))  # a node, its attribute, its graph
    with pytest.raises(ValueError, match="nest too deeply"):
        has_external_data(field(7, graph))
