"""Damaged and hostile files: one line each, and nothing that the file claims is believed."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.foreign import CASES, FILES, NEEDS

from stillwatch.export.importing.reading import read_network
from stillwatch.runtime.errors import StillwatchError

# What torch and onnx read is read by them; these are ours, h5py's apart.
OWN = [file for file, _, _ in CASES if Path(file).suffix in (".params", ".npz", ".safetensors")]
OWN += ["article-exported-symbol.json", "sensor.onnx", "tf2onnx.onnx", "skl2onnx.onnx"]


def complaint(path: Path) -> str:
    """What reading says of a file, nothing where it is still one; any other exception fails."""
    try:
        read_network(path)
    except StillwatchError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("file", [*OWN, "keras.keras", "keras.h5", "keras.weights.h5"])
@given(data=st.data())
def test_damage_is_one_line(file: str, data: st.DataObject, tmp_path: Path) -> None:
    library = NEEDS.get(Path(file).suffix)
    if library:
        pytest.importorskip(library)
    content = bytearray((FILES / file).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(content) - 1))
        content[where] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    path = tmp_path / file
    path.write_bytes(content)
    assert "\n" not in complaint(path)


@pytest.mark.parametrize("size", [1 << 20, 1 << 62])
def test_a_header_that_claims_more_than_there_is(size: int, tmp_path: Path) -> None:
    path = tmp_path / "claims.safetensors"
    path.write_bytes(struct.pack("<Q", size) + b'{"a": 1}')
    with pytest.raises(StillwatchError):
        read_network(path)


def test_a_deep_json_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "deep-symbol.json"
    path.write_bytes(b'{"nodes":' + b"[" * 200_000)
    with pytest.raises(StillwatchError, match="is no symbol"):
        read_network(path)
