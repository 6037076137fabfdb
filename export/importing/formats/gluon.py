"""Gluon's files: save_parameters, collect_params().save, HybridBlock.export; 1.x and .npz."""

import dataclasses
import glob
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillwatch.export.importing.bounded import MOST_BYTES, member, npy_array, read_file
from stillwatch.export.importing.layers import Dense, Foreign, Lstm
from stillwatch.export.importing.names import GLUON, network_of
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.data.params import parse_params

__all__ = ["arrays_of_npz", "exported_pair", "from_symbol", "gluon_arrays", "with_symbol"]

_SYMBOL = "-symbol.json"
_MOST_ARRAYS = 4096


def gluon_arrays(content: bytes, name: str) -> dict[str, AnyArray]:
    """Returns the arrays of a .params file (1.x) or an .npz (2.x); raises CheckpointError."""
    if content[:2] == b"PK":
        return arrays_of_npz(content, name)
    return parse_params(content, name)


def arrays_of_npz(content: bytes, name: str) -> dict[str, AnyArray]:
    """Returns the arrays of an .npz by name, without its `.npy`; raises CheckpointError."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CheckpointError(f"{name} is no zip file: {error}") from error
    names = archive.namelist()
    if len(names) > _MOST_ARRAYS or len(set(names)) != len(names):
        raise CheckpointError(f"{name} has {len(names)} members: expected arrays, each once")
    left = MOST_BYTES
    arrays = {}
    for entry in names:
        data = member(archive, entry, left)
        left -= len(data)
        arrays[entry.removesuffix(".npy")] = npy_array(data, f"{name}: {entry[:80]!a}")
    return arrays


def with_symbol(network: Foreign, path: Path) -> Foreign:
    """Returns the network with what an exported symbol beside its .params says, if there is one."""
    beside, _ = exported_pair(path)
    if beside is None:
        return network
    return _described(network, _nodes(read_file(beside), str(beside)), str(beside))


def from_symbol(content: bytes, path: Path) -> Foreign:
    """Returns the network of an exported symbol, with the weights beside it."""
    nodes = _nodes(content, str(path))
    _, weights = exported_pair(path)
    arrays = gluon_arrays(read_file(weights), str(weights))
    return _described(network_of(arrays, GLUON, str(weights)), nodes, str(path))


def exported_pair(path: Path) -> tuple[Path | None, Path]:
    """Returns the symbol and the weights that HybridBlock.export wrote, given either of them.

    `model-symbol.json` and `model-0000.params`, of the last epoch there is.
    The symbol is None for weights that have none beside them; raises
    CheckpointError for a symbol without weights.
    """
    if not path.name.endswith(_SYMBOL):
        stem, dash, epoch = path.name.removesuffix(".params").rpartition("-")
        beside = path.with_name(stem + _SYMBOL)
        return (beside if dash and epoch.isdigit() and beside.is_file() else None), path
    stem = path.name.removesuffix(_SYMBOL)
    weights = sorted(path.parent.glob(f"{glob.escape(stem)}-[0-9][0-9][0-9][0-9].params"))
    if not weights:
        raise CheckpointError(
            f"{path} is an exported network without its weights: expected {stem}-0000.params "
            "beside it"
        )
    return path, weights[-1]


def _nodes(content: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        nodes = json.loads(content)["nodes"]
        texts = all(isinstance(n["op"], str) and isinstance(n["name"], str) for n in nodes)
        fits = texts and all(isinstance(n.get("attrs", {}), dict) for n in nodes)
        places = [i[0] for n in nodes for i in n["inputs"]]
        inputs = all(type(place) is int and 0 <= place < len(nodes) for place in places)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise CheckpointError(f"{name} is no symbol as HybridBlock.export writes it") from error
    if not fits or not inputs:
        raise CheckpointError(f"{name} is no symbol as HybridBlock.export writes it")
    return list(nodes)


def _described(network: Foreign, nodes: list[Mapping[str, Any]], name: str) -> Foreign:
    """Returns the network with the activations of its graph; refuses what is not an LSTM's."""
    activations = _activations(nodes)
    for node in nodes:
        attrs = node.get("attrs", {})
        if node["op"] == "RNN" and attrs.get("mode") != "lstm":
            raise CheckpointError(f"{name} has a recurrent layer {attrs.get('mode')!a}, no LSTM")
        if node["op"] == "RNN" and attrs.get("projection_size", "None") != "None":
            raise CheckpointError(f"{name} has an LSTM with projection, which no family has")
    layers = tuple(
        dataclasses.replace(layer, activation=activations.get(layer.sources["weight"], "linear"))
        if isinstance(layer, Dense)
        else layer
        for layer in network.layers
    )
    if not any(isinstance(layer, Lstm) for layer in layers):
        raise CheckpointError(f"{name} has no LSTM layer")
    return dataclasses.replace(network, layers=layers)


def _activations(nodes: list[Mapping[str, Any]]) -> dict[str, str]:
    """Returns the activation behind each dense layer, by the name of its weight in the file."""
    weights = {
        number: nodes[node["inputs"][1][0]]["name"]
        for number, node in enumerate(nodes)
        if node["op"] == "FullyConnected" and len(node["inputs"]) > 1
    }
    result = {}
    for node in nodes:
        before = node["inputs"][0][0] if node["inputs"] else None
        if node["op"] == "Activation" and before in weights:
            result[f"arg:{weights[before]}"] = str(node.get("attrs", {}).get("act_type"))[:60]
    return result
