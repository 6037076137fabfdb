"""onnxruntime is given what the strict reader understood, and nothing else."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from support.damage import damaged
from support.every_capsule import every_capsule

from stillwatch.runtime import CapsuleError, Detector, shipped
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.graph import read_graph
from stillwatch.runtime.capsule.info import METADATA_KEY
from stillwatch.runtime.capsule.operators import OPERATORS

SOUND = {name: opening.read_bytes(name) for name in shipped()}
PLACES = st.integers(0, 10**6)


def sealed(model: onnx.ModelProto) -> bytes:
    """Returns a model as a capsule, sealed anew."""
    marks = {prop.key: prop.value for prop in model.metadata_props}
    helper.set_model_props(model, marks | {"stillwatch.digest": digest.PLACEHOLDER})
    return digest.seal(model.SerializeToString(deterministic=True))


def load(content: bytes) -> Detector:
    return Detector.from_bytes(content, "hostile")


def test_everything_that_export_writes_is_understood(tmp_path: Path) -> None:
    used = set()
    for name, content in every_capsule(tmp_path):
        read_graph(content)
        model = onnx.load_from_string(content)
        assert model.SerializeToString(deterministic=True) == content, name
        graphs = [model.graph]
        while graphs:
            for node in graphs.pop().node:
                used.add(node.op_type)
                graphs += [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
    assert used <= set(OPERATORS)
    assert {"If", "Loop", "Scan", "DynamicQuantizeLSTM"} <= used


def test_a_tag_that_another_reader_cuts_to_32_bits_is_refused(tmp_path: Path) -> None:
    # Field 7 of a model, its graph, as the varint 0x1_0000_003A: field 0x2000_0007 to who keeps
    # 64 bits, and the graph to onnxruntime, which keeps 32. In it a weight is in another file.
    secret = tmp_path / "secret"
    secret.write_bytes(np.array([1, 2, 3, 4], np.float32).tobytes())
    model = onnx.load_from_string(SOUND["nab-rds"])
    tensor = model.graph.initializer.add(name="secret", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=secret.name)
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    marks = {prop.key: prop.value for prop in model.metadata_props}
    helper.set_model_props(model, marks | {"stillwatch.digest": digest.PLACEHOLDER})
    content = io.BytesIO()
    for byte in (0xBA, 0x80, 0x80, 0x80, 0x10):
        content.write(bytes([byte]))
    size = len(graph)
    while size > 0x7F:
        content.write(bytes([size & 0x7F | 0x80]))
        size >>= 7
    content.write(bytes([size]) + graph)
    hostile = digest.seal(model.SerializeToString() + content.getvalue())
    with pytest.raises(CapsuleError, match="a tag 0x10000003a out of range"):
        load(hostile)


def endless_loop(graph: onnx.GraphProto) -> None:
    rounds = numpy_helper.from_array(np.array(2**20), "rounds")
    going = numpy_helper.from_array(np.array(True), "always")
    inputs = [
        helper.make_tensor_value_info("i", TensorProto.INT64, []),
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
    ]
    goes = helper.make_node("Identity", ["on"], ["go"])
    body = helper.make_graph(
        [goes], "body", inputs, [helper.make_tensor_value_info("go", TensorProto.BOOL, [])]
    )
    graph.initializer.extend([rounds, going])
    graph.node.append(helper.make_node("Loop", ["rounds", "always"], ["ends"], body=body))


def claim(operator: str, *sizes: int) -> Callable[[onnx.GraphProto], None]:
    def add(graph: onnx.GraphProto) -> None:
        graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), "sizes"))
        inputs = ["sizes"] if operator == "ConstantOfShape" else ["scale", "sizes"]
        graph.node.append(helper.make_node(operator, inputs, ["large"]))

    return add


def foreign_operator(graph: onnx.GraphProto) -> None:
    graph.node.append(helper.make_node("Abs", ["values"], ["x"], domain="com.example"))


def weight_in_a_branch(graph: onnx.GraphProto) -> None:
    (choice,) = (node for node in graph.node if node.op_type == "If")
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "hidden")
    choice.attribute[0].g.initializer.append(tensor)


def more_content_than_shape(graph: onnx.GraphProto) -> None:
    graph.initializer[0].raw_data += b"\0"


def default_for_values(graph: onnx.GraphProto) -> None:
    tensor = numpy_helper.from_array(np.zeros((1, 1, 1), np.float32), "values")
    graph.initializer.append(tensor)


def name_put_out_twice(graph: onnx.GraphProto) -> None:
    graph.node.append(helper.make_node("Abs", ["values"], ["scaled"]))


def path_of_another_name(graph: onnx.GraphProto) -> None:
    graph.doc_string = "a text that nobody reads"


HOSTILE = {
    "expected a Loop of horizon rounds": endless_loop,
    "a shape of 16777216 at most": claim("Expand", 2**20, 2**20),
    "a shape of 16777216 at most, too": claim("ConstantOfShape", 2**15, 2**15),
    "whole numbers up to": claim("Expand", 2**40),
    "an operator 'Abs' that no capsule has": foreign_operator,
    "an operator 'Tile' that no capsule has": claim("Tile", 1, 1, 100),
    "no initializers within a graph's graphs": weight_in_a_branch,
    "elements of": more_content_than_shape,
    "defaults": default_for_values,
    "outputs of Abs that are new": name_put_out_twice,
    "a field 10 of a graph": path_of_another_name,
}


@pytest.mark.parametrize("said", HOSTILE)
def test_what_export_never_writes_is_refused(said: str) -> None:
    model = onnx.load_from_string(SOUND["nab-rds"])
    HOSTILE[said](model.graph)
    with pytest.raises(CapsuleError, match=said.removesuffix(", too")):
        load(sealed(model))


@pytest.mark.parametrize("change", ["ir", "opset", "domain", "function", "training", "metadata"])
def test_a_model_of_another_make_is_refused(change: str) -> None:
    model = onnx.load_from_string(SOUND["nab-rds"])
    if change == "ir":
        model.ir_version = 9
    elif change == "opset":
        model.opset_import[0].version = 18
    elif change == "domain":
        model.opset_import.add(domain="com.example", version=1)
    elif change == "function":
        model.functions.add(name="f", domain="d")
    elif change == "training":
        model.training_info.add()
    else:
        model.metadata_props.add(key=METADATA_KEY, value="{}")
        model.metadata_props.add(key="other", value="x")
        with pytest.raises(ValueError, match="metadata of one name"):
            read_graph(model.SerializeToString())
        return
    with pytest.raises(CapsuleError, match=r"expected|no capsule has"):
        load(sealed(model))


def test_a_nest_of_graphs_is_an_error_not_a_recursion() -> None:
    inner = helper.make_graph([], "g", [], [])
    for _ in range(20):
        inner = helper.make_graph(
            [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)],
            "g", [], [],
        )  # fmt: skip
        if len(inner.SerializeToString()) > 2**20:
            break
    model = onnx.load_from_string(SOUND["nab-rds"])
    model.graph.CopyFrom(inner)
    with pytest.raises(CapsuleError, match=r"nest too deeply|that there are"):
        load(sealed(model))


@given(
    name=st.sampled_from(sorted(SOUND)),
    put=st.lists(st.tuples(PLACES, st.integers(0, 255)), max_size=3),
    cut=st.tuples(PLACES, st.integers(0, 3)),
    copied=st.tuples(PLACES, PLACES, st.integers(0, 12)),
)
def test_what_is_accepted_reads_alike_in_every_reader(
    name: str,
    put: list[tuple[int, int]],
    cut: tuple[int, int],
    copied: tuple[int, int, int],
) -> None:
    sound = SOUND[name]
    # Most bytes are metadata: the graph's own, which comes before them, are wanted more often.
    content = damaged(sound, put, cut, copied, most=sound.find(METADATA_KEY.encode() + b"\x12"))
    try:
        ours = read_graph(content)
    except ValueError:
        return
    theirs = onnx.load_from_string(content)
    assert theirs.SerializeToString(deterministic=True) == content
    assert [node["operator"] for node in ours["graph"]["node"]] == [
        node.op_type for node in theirs.graph.node
    ]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(bytes(content), options)
    except Exception:
        return
    ports = [*session.get_inputs(), *session.get_overridable_initializers()]
    assert {port.name for port in ports} == {port["name"] for port in ours["graph"]["input"]}
    outputs = [port.name for port in session.get_outputs()]
    assert outputs == [port["name"] for port in ours["graph"]["output"]]
    found = session.get_modelmeta().custom_metadata_map
    assert found == {entry["key"]: entry["value"] for entry in ours["metadata"]}
