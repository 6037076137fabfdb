"""Files that are sound outside, and hostile within: what they say of themselves, their pickles.

Damaged bytes seldom get past a zip file's checksums; here the member is altered and packed anew.
"""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.damage import damaged
from support.foreign import available
from support.series import cpu_like

from stillwatch.export.importing.importing import import_network
from stillwatch.export.importing.understood import Options
from stillwatch.runtime.errors import StillwatchError

NORMAL = cpu_like(0)  # what the article's network wants beside its file
PLACES = st.integers(0, 10**6)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.sampled_from([2**31, 2**63, 10**400, float("inf"), float("nan"), 1e300, "\n\u2028\x1b"])
    | st.text(max_size=6)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
CHANGES = st.lists(st.tuples(PLACES, JSON), min_size=1, max_size=3)
# Fifteen files in the suite, more by `make fuzz`.
written = settings(max_examples=settings().max_examples // 4)


def complaint(path: Path, out: Path, window: int | None) -> str:
    """What the whole import says of a file, nothing where it came in; other exceptions fail."""
    try:
        import_network(path, out, Options(window=window), normal=NORMAL)
    except StillwatchError as error:
        return str(error)
    return ""


def altered(document: Any, changes: list[tuple[int, Any]]) -> Any:
    """Returns the document with other values in some places, however deep they lie."""
    for place, value in changes:
        holders = [holder for holder in _holders(document) if holder]
        if not holders:
            return value
        holder = holders[place % len(holders)]
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        holder[keys[place % len(keys)]] = value
    return document


def _holders(document: Any) -> list[Any]:
    inner: Any = ()
    if isinstance(document, dict):
        inner = document.values()
    elif isinstance(document, list):
        inner = document
    else:
        return []
    return [document, *(holder for one in inner for holder in _holders(one))]


def repacked(content: bytes, ending: str, alter: Callable[[bytes], bytes]) -> bytes:
    """Returns a zip file with one member altered."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        for entry in old.infolist():
            inner = old.read(entry)
            new.writestr(entry, alter(inner) if entry.filename.endswith(ending) else inner)
    return result.getvalue()


def of_text(changes: list[tuple[int, Any]]) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps(altered(json.loads(text), changes)).encode()


@pytest.mark.parametrize("window", [None, 12])
@pytest.mark.parametrize(
    "file",
    ["article-exported-symbol.json", "gluon-two-layers-exported-symbol.json", "sensor.safetensors"],
)
@written
@given(changes=CHANGES)
def test_other_documents(
    file: str, window: int | None, changes: list[tuple[int, Any]], tmp_path: Path
) -> None:
    content = available(file).read_bytes()
    if file.endswith(".json"):
        content = of_text(changes)(content)
        weights = file.replace("-symbol.json", "-0000.params")
        (tmp_path / weights).write_bytes(available(weights).read_bytes())
    else:
        (size,) = struct.unpack_from("<Q", content)
        header = of_text(changes)(content[8 : 8 + size])
        content = struct.pack("<Q", len(header)) + header + content[8 + size :]
    (tmp_path / file).write_bytes(content)
    assert "\n" not in complaint(tmp_path / file, tmp_path / "out", window)


@pytest.mark.parametrize("member", ["config.json", "metadata.json"])
@pytest.mark.parametrize("file", ["keras.keras", "keras-both-directions.keras"])
@written
@given(changes=CHANGES)
def test_other_configurations_of_keras(
    file: str, member: str, changes: list[tuple[int, Any]], tmp_path: Path
) -> None:
    content = available(file).read_bytes()
    (tmp_path / file).write_bytes(repacked(content, member, of_text(changes)))
    assert "\n" not in complaint(tmp_path / file, tmp_path / "out", None)


@pytest.mark.parametrize("file", ["keras.h5", "keras2-hard-sigmoid.h5", "keras.weights.h5"])
@written
@given(
    changes=st.lists(st.tuples(PLACES, JSON), max_size=2),
    shapes=st.lists(
        st.tuples(PLACES, st.lists(st.integers(0, 40), max_size=4), st.sampled_from("fdiSe?")),
        max_size=2,
    ),
)
def test_other_arrays_and_texts_in_hdf5(
    file: str,
    changes: list[tuple[int, Any]],
    shapes: list[tuple[int, list[int], str]],
    tmp_path: Path,
) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / file
    path.write_bytes(available(file).read_bytes())
    with h5py.File(path, "r+") as opened:
        if "model_config" in opened.attrs:
            text = of_text(changes)(opened.attrs["model_config"].encode())
            del opened.attrs["model_config"]
            opened.attrs["model_config"] = text.decode()
        names: list[str] = []
        opened.visititems(lambda name, one: names.append(name) if hasattr(one, "shape") else None)
        for place, shape, kind in shapes:
            name = names[place % len(names)]
            del opened[name]
            opened[name] = np.zeros(shape, kind)
    assert "\n" not in complaint(path, tmp_path / "out", 12)


@pytest.mark.parametrize("file", ["sensor.pt", "sensor-lightning.ckpt"])
@written
@given(
    put=st.lists(st.tuples(PLACES, st.integers(0, 255)), max_size=4),
    cut=st.tuples(PLACES, st.integers(0, 8)),
    copied=st.tuples(PLACES, PLACES, st.integers(0, 24)),
)
def test_other_pickles_of_pytorch(
    file: str,
    put: list[tuple[int, int]],
    cut: tuple[int, int],
    copied: tuple[int, int, int],
    tmp_path: Path,
) -> None:
    def alter(pickle: bytes) -> bytes:
        return damaged(pickle, put, cut, copied)

    path = tmp_path / file
    path.write_bytes(repacked(available(file).read_bytes(), "data.pkl", alter))
    assert "\n" not in complaint(path, tmp_path / "out", 12)


def keras_with(change: Callable[[Any], None], folder: Path) -> str:
    """What the import says of a Keras file whose configuration was changed."""

    def alter(text: bytes) -> bytes:
        document = json.loads(text)
        change(document["config"]["layers"])
        return json.dumps(document).encode()

    path = folder / "keras.keras"
    path.write_bytes(repacked(available("keras.keras").read_bytes(), "config.json", alter))
    return complaint(path, folder / "out", None)


@pytest.mark.parametrize(
    "value",
    [float("inf"), -float("inf"), 10**400, 2**63, 13],
    ids=["inf", "-inf", "400 digits", "64 bits", "another"],
)
@pytest.mark.parametrize(("layer", "key"), [(0, "batch_shape"), (2, "n")])
def test_rows_that_cannot_be(layer: int, key: str, value: float, tmp_path: Path) -> None:
    def change(layers: Any) -> None:
        layers[layer]["config"][key] = [None, value, 3] if layer == 0 else value

    said = keras_with(change, tmp_path)
    assert len(said.splitlines()) == 1
    assert len(said) < 200


def test_what_repeats_tells_the_window(tmp_path: Path) -> None:
    def change(layers: Any) -> None:
        layers[0]["config"]["batch_shape"] = [None, None, 3]

    assert keras_with(change, tmp_path) == ""


@pytest.mark.parametrize(
    "node",
    [
        {"op": "Activation", "name": "a", "inputs": []},
        {"op": "FullyConnected", "name": "a", "inputs": [[0, 0], [0.5, 0]]},
        {"op": "FullyConnected", "name": "a", "inputs": [[0, 0], [True, 0]]},
    ],
    ids=["without inputs", "half a node", "a truth"],
)
def test_a_node_of_a_symbol_that_cannot_be(node: dict[str, Any], tmp_path: Path) -> None:
    document = json.loads(available("article-exported-symbol.json").read_bytes())
    document["nodes"].append(node)
    path = tmp_path / "article-exported-symbol.json"
    path.write_text(json.dumps(document))
    weights = available("article-exported-0000.params").read_bytes()
    (tmp_path / "article-exported-0000.params").write_bytes(weights)
    said = complaint(path, tmp_path / "out", None)
    assert (said == "") == (node["op"] == "Activation")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("long.safetensors", f"weight_ih_l{'9' * 5000}"),
        ("long.npz", f"lstm0_l{'9' * 5000}_i2h_weight"),
        ("long.npz", f"0._unfused.{'9' * 5000}.i2h_weight"),
        ("odd.npz", "a\nb" * 1000),
    ],
    ids=["safetensors", "collected", "saved", "odd"],
)
def test_names_without_end(file: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / file
    if path.suffix == ".npz":
        np.savez(path, **{name: np.zeros((4, 1), np.float32)})
    else:
        entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
        header = json.dumps({name: entry}).encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    said = complaint(path, tmp_path / "out", 12)
    assert len(said.splitlines()) == 1
    assert len(said) < 500


def test_names_without_end_in_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    for key in (f"lstm_{'9' * 5000}", "lstm/a\nb"):
        path = tmp_path / "weights.h5"
        with h5py.File(path, "w") as opened:
            opened[f"layers/{key}/vars/0"] = h5py.SoftLink("/elsewhere")
        said = complaint(path, tmp_path / "out", 12)
        assert len(said.splitlines()) == 1
        assert len(said) < 500
