"""A file of whatever framework becomes layers: its kind is known by how it begins."""

from pathlib import Path

from stillwatch.export.importing.bounded import read_file
from stillwatch.export.importing.formats.gluon import (
    arrays_of_npz,
    from_symbol,
    gluon_arrays,
    with_symbol,
)
from stillwatch.export.importing.formats.keras import from_keras_archive, from_keras_hdf5
from stillwatch.export.importing.formats.onnx_graph import from_onnx
from stillwatch.export.importing.formats.pytorch import (
    is_safetensors,
    pytorch_network,
    safetensors_arrays,
    torch_arrays,
)
from stillwatch.export.importing.layers import Foreign
from stillwatch.export.importing.names import GLUON, listed, network_of
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError

__all__ = ["read_network"]

_PARAMS = bytes.fromhex("1201000000000000")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_KINDS = (
    "Gluon's .params, .npz or -symbol.json, PyTorch's .safetensors, .pt or .pth, Keras' .keras, "
    ".h5 or .weights.h5, or .onnx"
)


def read_network(
    path: Path, renamed: dict[str, str] | None = None, *, content: bytes | None = None
) -> Foreign:
    """Returns the layers in a file, read as data alone.

    renamed: names of arrays in the file, to the names that they are read by,
    where a file has names alone. content: of the file, where it has been read.
    Raises CheckpointError, and ExtraError where the file wants a library that
    is not installed.
    """
    content, name = read_file(path) if content is None else content, path.name
    renamed = renamed or {}
    if content.startswith(_PARAMS):
        arrays = _rename(gluon_arrays(content, name), renamed, name)
        return with_symbol(network_of(arrays, GLUON, name), path)
    if content.startswith(_HDF5):
        return from_keras_hdf5(content, name)
    if content[:2] == b"PK":
        return _zipped(content, path, renamed)
    if content[:1] == b"\x80":
        raise CheckpointError(
            f"{name} is a Python pickle, which runs code when it is read: save the weights with "
            "safetensors.torch.save_file or torch.save(model.state_dict(), NAME)"
        )
    if is_safetensors(content):
        return pytorch_network(_rename(safetensors_arrays(content, name), renamed, name), name)
    if content[:1] == b"{":
        return from_symbol(content, path)
    if path.suffix == ".onnx":
        return from_onnx(content, name)
    raise CheckpointError(f"{name} is of no kind that can come in: expected {_KINDS}")


def _zipped(content: bytes, path: Path, renamed: dict[str, str]) -> Foreign:
    """Returns the layers of a zip file: PyTorch's, Keras' or NumPy's."""
    # The directory lies at the end of a zip file, in which each member has its name again.
    if b"model.weights.h5" in content and b"config.json" in content:
        return from_keras_archive(content, path.name)
    if b"data.pkl" in content:
        return pytorch_network(
            _rename(torch_arrays(content, path.name), renamed, path.name), path.name
        )
    arrays = _rename(arrays_of_npz(content, path.name), renamed, path.name)
    return network_of(arrays, GLUON, path.name)


def _rename(arrays: dict[str, AnyArray], renamed: dict[str, str], name: str) -> dict[str, AnyArray]:
    unknown = sorted(set(renamed) - set(arrays))
    if unknown:
        raise CheckpointError(f"{name} has no array {unknown[0]!a}: it holds {listed(arrays)}")
    return {renamed.get(theirs, theirs): array for theirs, array in arrays.items()}
