"""What no family has, a file of each kind: refused by a line that says what it is."""

import json
import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.foreign import FILES

from stillwatch.export.importing.importing import import_network, understand_file
from stillwatch.export.importing.originals import original
from stillwatch.export.importing.reading import read_network
from stillwatch.export.importing.understood import Options
from stillwatch.runtime import CheckpointError
from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.checkpoint import load_checkpoint

UNITS = 4


def safetensors(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    """A file as safetensors writes it: the header's length, the header, the arrays."""
    header, body = {}, b""
    for name, shape in shapes.items():
        array = np.random.default_rng(len(body)).normal(size=shape).astype("<f4").tobytes()
        where = [len(body), len(body) + len(array)]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": where}
        body += array
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def recurrent(gates: int, **more: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {
        "rnn.weight_ih_l0": (gates * UNITS, 3),
        "rnn.weight_hh_l0": (gates * UNITS, UNITS),
        "rnn.bias_ih_l0": (gates * UNITS,),
        "rnn.bias_hh_l0": (gates * UNITS,),
        **{f"rnn.{name}": shape for name, shape in more.items()},
        "fc.weight": (3, UNITS),
        "fc.bias": (3,),
    }


def test_a_projection_is_named(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "projected.safetensors", recurrent(4, weight_hr_l0=(2, UNITS)))
    with pytest.raises(CheckpointError, match=r"proj_size \('rnn\.weight_hr_l0'\), which no"):
        read_network(path)


@pytest.mark.parametrize(("kind", "gates"), [("gru", 3), ("simple", 1)])
def test_other_recurrent_layers_of_pytorch(kind: str, gates: int, tmp_path: Path) -> None:
    path = safetensors(tmp_path / f"{kind}.safetensors", recurrent(gates))
    with pytest.raises(CheckpointError, match=r"'rnn' is no LSTM of four gates.*got i2h_weight"):
        read_network(path)


def test_what_is_no_layer_of_ours_in_pytorch(tmp_path: Path) -> None:
    shapes = recurrent(4) | {"conv.weight": (8, 3, 5), "conv.bias": (8,)}
    path = safetensors(tmp_path / "convolved.safetensors", shapes)
    with pytest.raises(CheckpointError, match=r"'conv\.weight'.*got shape \(8, 3, 5\): only LSTM"):
        read_network(path)


@pytest.mark.parametrize(
    ("attribute", "value", "line"),
    [("mode", "gru", "a recurrent layer 'gru', no LSTM"), ("projection_size", "2", "projection")],
)
def test_what_an_exported_gluon_graph_says(
    attribute: str, value: str, line: str, tmp_path: Path
) -> None:
    document = json.loads((FILES / "article-exported-symbol.json").read_text())
    node = next(node for node in document["nodes"] if node["op"] == "RNN")
    node["attrs"][attribute] = value
    (tmp_path / "article-exported-symbol.json").write_text(json.dumps(document))
    params = "article-exported-0000.params"
    (tmp_path / params).write_bytes((FILES / params).read_bytes())
    with pytest.raises(CheckpointError, match=line):
        read_network(tmp_path / "article-exported-symbol.json")


def saved(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def lstm_node(model: onnx.ModelProto, number: int = 0) -> onnx.NodeProto:
    return [node for node in model.graph.node if node.op_type == "LSTM"][number]


def test_a_gru_of_onnx(tmp_path: Path) -> None:
    model = onnx.load(FILES / "tf2onnx.onnx")
    lstm_node(model).op_type = "GRU"
    with pytest.raises(CheckpointError, match="has an operator 'GRU': LSTM and dense layers"):
        read_network(saved(model, tmp_path / "gru.onnx"))


def test_layers_beside_each_other_are_no_chain(tmp_path: Path) -> None:
    model = onnx.load(FILES / "tf2onnx-four-layers.onnx")
    lstm_node(model, 1).input[0] = lstm_node(model, 0).input[0]
    with pytest.raises(CheckpointError, match="does not read the layer before it: expected layers"):
        read_network(saved(model, tmp_path / "beside.onnx"))


def test_a_product_that_is_more_than_a_dense_layer(tmp_path: Path) -> None:
    model = onnx.load(FILES / "tf2onnx.onnx")
    node = next(node for node in model.graph.node if node.op_type == "MatMul")
    node.op_type = "Gemm"
    node.attribute.append(onnx.helper.make_attribute("alpha", 2.0))
    with pytest.raises(CheckpointError, match="is more than a dense layer"):
        read_network(saved(model, tmp_path / "gemm.onnx"))


def test_a_hard_sigmoid_of_another_slope(tmp_path: Path) -> None:
    model = onnx.load(FILES / "keras2-hard-sigmoid.onnx")
    lstm_node(model).attribute.append(onnx.helper.make_attribute("activation_alpha", [0.3]))
    with pytest.raises(CheckpointError, match=r"of its own measure, alpha \[0\.3"):
        read_network(saved(model, tmp_path / "slope.onnx"))


@pytest.mark.parametrize("family", [None, "stack"])
def test_ends_of_two_directions_are_not_guessed_from_a_graph(family: str | None) -> None:
    with pytest.raises(CheckpointError, match="which is no family of ours"):
        understand_file(FILES / "tf2onnx-both-directions.onnx", Options(family=family))


def test_a_decoder_that_begins_from_a_state_is_no_stack() -> None:
    with pytest.raises(CheckpointError, match="wants a decoder that begins from zeros"):
        understand_file(FILES / "sensor.onnx", Options(family="stack"))


def test_the_scaler_of_a_pipeline_comes_in_with_it(tmp_path: Path) -> None:
    file, folder = FILES / "skl2onnx.onnx", tmp_path / "theirs"
    imported = import_network(file, folder, Options(window=12))
    checkpoint, _ = load_checkpoint(folder)
    assert checkpoint.mean == pytest.approx((20, 30, 40), abs=1)
    assert checkpoint.scale == pytest.approx((2, 3, 4), abs=0.3)
    found = np.load(FILES / "skl2onnx.answers.npz")
    run = original(file, folder, "ONNX", imported.understood)
    answers: AnyArray = run(found["values"])
    np.testing.assert_allclose(answers, found["answers"], atol=1e-6)


def test_a_scaler_of_other_channels(tmp_path: Path) -> None:
    model = onnx.load(FILES / "skl2onnx.onnx")
    scaler = next(node for node in model.graph.node if node.op_type == "Scaler")
    del scaler.attribute[:]
    for name, figures in (("offset", [1.0] * 36), ("scale", [2.0] * 36)):
        scaler.attribute.append(onnx.helper.make_attribute(name, figures))
    with pytest.raises(CheckpointError, match="scaler is for 36 channels, its network for 3"):
        understand_file(saved(model, tmp_path / "wide.onnx"), Options(window=12))
