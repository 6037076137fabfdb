"""Keras files: what can come in, and what is refused by its line."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.foreign import FILES

from stillwatch.export.importing.formats.keras_config import layer_configs
from stillwatch.export.importing.inference import understand
from stillwatch.export.importing.layers import Dense, Lstm
from stillwatch.export.importing.reading import read_network
from stillwatch.export.importing.understood import Options
from stillwatch.runtime import CheckpointError

h5py = pytest.importorskip("h5py", reason="Keras files are read with h5py, an extra")


def config_of(file: str) -> dict[str, Any]:
    with zipfile.ZipFile(FILES / file) as archive:
        document: dict[str, Any] = json.loads(archive.read("config.json"))
    return document


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_layers_of_every_saved_form(ending: str) -> None:
    network = read_network(FILES / f"keras-four-layers{ending}")
    lstm = [layer for layer in network.layers if isinstance(layer, Lstm)]
    assert [(layer.inputs, layer.outputs) for layer in lstm] == [(3, 6), (6, 4), (4, 4), (4, 6)]
    if ending != ".weights.h5":  # the others hold the model beside its weights
        assert [layer.activation for layer in lstm] == ["relu", "tanh", "tanh", "tanh"]
        assert [layer.gate for layer in lstm][-1] == "hard_sigmoid"
        assert [layer.sequences for layer in lstm] == [True, False, True, True]
        assert network.window == 12


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_directions_and_a_layer_without_bias(ending: str) -> None:
    both, single, dense = (
        layer
        for layer in read_network(FILES / f"keras-both-directions{ending}").layers
        if isinstance(layer, Lstm | Dense)
    )
    assert isinstance(both, Lstm)
    assert isinstance(single, Lstm)
    assert both.backward is not None
    assert not np.array_equal(both.backward.i2h_weight, both.forward.i2h_weight)
    assert not single.forward.i2h_bias.any()
    assert dense.outputs == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": "selu"}, "has activation 'selu'"),
        ({"recurrent_activation": "softmax"}, "recurrent_activation 'softmax'"),
        ({"go_backwards": True}, "go_backwards"),
    ],
)
def test_what_onnx_does_not_express(change: dict[str, Any], message: str) -> None:
    document = config_of("keras.keras")
    entry = next(e for e in document["config"]["layers"] if e["class_name"] == "LSTM")
    entry["config"].update(change)
    with pytest.raises(CheckpointError, match=message):
        layer_configs(document, "model.keras")


def test_a_layer_of_another_kind() -> None:
    document = config_of("keras.keras")
    document["config"]["layers"][1]["class_name"] = "GRU"
    with pytest.raises(CheckpointError, match="has a layer 'GRU': LSTM, Bidirectional"):
        layer_configs(document, "model.keras")


@pytest.mark.parametrize("kind", ["soft", "external"])
def test_a_link_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "linked.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/lstm/cell/vars")
        target = "/layers" if kind == "soft" else None
        group["0"] = h5py.SoftLink(target) if target else h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(CheckpointError, match=r"has a link .0. in .layers/lstm/cell/vars."):
        read_network(path)


def test_objects_and_what_lies_in_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "objects.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/lstm/cell/vars")
        group.create_dataset("0", data=["text"], dtype=h5py.string_dtype())
    with pytest.raises(CheckpointError, match="holds object: expected numbers"):
        read_network(path)
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/lstm/cell/vars")
        group.create_dataset("0", (4,), "f4", external=[("/etc/passwd", 0, 16)])
    with pytest.raises(CheckpointError, match="kept in another file"):
        read_network(path)


def test_a_claim_of_a_terabyte_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "large.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/lstm/cell/vars")
        group.create_dataset("0", (1 << 38,), "f4", chunks=(1 << 10,))
    with pytest.raises(CheckpointError, match="claims more than 1024 MiB"):
        read_network(path)


def test_four_layers_are_no_family_of_one_width() -> None:
    network = read_network(FILES / "keras-four-layers.weights.h5")
    with pytest.raises(CheckpointError, match="wants layers of one width"):
        understand(network, Options(window=12, family="repeat-vector"), "four")
