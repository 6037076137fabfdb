"""Keras' files, read with h5py and without TensorFlow: .keras, .weights.h5, and .h5 of Keras 2.

The configuration is read as data. Gates are i, f, c, o, Gluon's i, f, g, o by another letter, and
kernels lie transposed: (inputs, 4H).
"""

import dataclasses
import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.bounded import member
from stillwatch.export.importing.formats.hdf5 import Hdf5, open_hdf5
from stillwatch.export.importing.formats.keras_config import LayerConfig, layer_configs
from stillwatch.export.importing.layers import Dense, Foreign, Layer, Lstm, Repeat
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError

__all__ = ["from_keras_archive", "from_keras_hdf5"]

_MOST_CONFIG = 1 << 24
_OURS = {"kernel": "i2h_weight", "recurrent_kernel": "h2h_weight", "bias": "i2h_bias"}
_KINDS = re.compile(
    r"^(?P<kind>bidirectional|time_distributed|lstm|dense)(?:_(?P<number>\d{1,9}))?$"
)


def from_keras_archive(content: bytes, name: str) -> Foreign:
    """Returns the network of a .keras file; raises CheckpointError, ExtraError."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CheckpointError(f"{name} is no zip file: {error}") from error
    config = _json(member(archive, "config.json", _MOST_CONFIG), f"{name}: config.json")
    said = _json(member(archive, "metadata.json", _MOST_CONFIG), f"{name}: metadata.json")
    version = said.get("keras_version") if isinstance(said, dict) else None
    configs = _of_version(layer_configs(config, name), version)
    with open_hdf5(member(archive, "model.weights.h5"), name) as file:
        return _network(configs, file, {c.name: c.saved for c in configs}, name)


def from_keras_hdf5(content: bytes, name: str) -> Foreign:
    """Returns the network of a .h5 or .weights.h5; raises CheckpointError, ExtraError."""
    with open_hdf5(content, name) as file:
        text = file.text_attribute("model_config")
        if text is not None:
            configs = layer_configs(_json(text, f"{name}: model_config"), name)
            configs = _of_version(configs, file.text_attribute("keras_version"))
            return _network(configs, file, {c.name: c.name for c in configs}, name)
        return _without_config(file, name)


def _of_version(configs: list[LayerConfig], version: object) -> list[LayerConfig]:
    """Returns the layers with what Keras 2 and 3 compute by one name: a hard sigmoid's slope.

    0.2 until Keras 3, which has 1/6. A file that does not say is older.
    """
    if str(version).startswith("3"):
        return configs
    return [
        dataclasses.replace(config, gate="hard_sigmoid_0.2")
        if config.gate == "hard_sigmoid"
        else config
        for config in configs
    ]


def _json(text: bytes | str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{name} is not JSON: {error}") from error


def _network(
    configs: list[LayerConfig], file: Hdf5, saved: Mapping[str, str], name: str
) -> Foreign:
    """Returns the network whose layers the configuration lists, in their order.

    saved: the group of weights of each: its kind and number in Keras 3, its name in Keras 2.
    """
    layers: list[Layer] = []
    window = next((config.window for config in configs if config.window), None)
    groups = _groups(file)
    for config in configs:
        if config.kind == "input":
            continue
        if config.kind == "repeat":
            layers.append(Repeat(block=config.name, times=config.repeats))
            continue
        owner = _owner(saved[config.name], groups, name)
        if config.kind == "lstm":
            layers.append(_lstm(config, file, owner, name))
        else:
            layers.append(_dense(config, file, owner, name))
    return Foreign(framework="Keras", layers=tuple(layers), window=window, ordered=True)


def _without_config(file: Hdf5, name: str) -> Foreign:
    """Returns the layers of weights alone: Keras numbers each kind in the order of the model."""
    result = []
    for group in _groups(file):
        match = _KINDS.match(group.rsplit("/", 1)[-1])
        if match:
            kind = "lstm" if match["kind"] in ("lstm", "bidirectional") else "dense"
            number = int(match["number"] or 0)
            two = match["kind"] == "bidirectional"
            result.append((kind == "dense", number, group, kind, two))
    if not result:
        raise CheckpointError(f"{name} has no layers that Keras would name lstm or dense")
    layers: list[Layer] = []
    for _, _, group, kind, two in sorted(result):
        config = LayerConfig(name=group, kind=kind, bidirectional=two, sequences=None)
        made = (_lstm if kind == "lstm" else _dense)(config, file, group, name)
        layers.append(made)
    return Foreign(framework="Keras", layers=tuple(layers))


def _groups(file: Hdf5) -> list[str]:
    """Returns the groups that belong to a layer each, wherever the file keeps them."""
    for root in ("layers", "_layer_checkpoint_dependencies", "model_weights"):
        if root in file.children(""):
            return [f"{root}/{child}" for child in file.children(root)]
    return file.children("")


def _owner(wanted: str, groups: list[str], name: str) -> str:
    result = [group for group in groups if group.rsplit("/", 1)[-1] == wanted]
    if not result:
        raise CheckpointError(
            f"{name} has no weights of the layer {wanted!a}: it has {', '.join(groups)[:300]}"
        )
    return result[0]


def _lstm(config: LayerConfig, file: Hdf5, group: str, name: str) -> Lstm:
    cells: list[LstmLayer] = []
    sources: dict[str, str] = {}
    result = file.arrays(group)
    for direction in ("forward", "backward") if config.bidirectional else ("",):
        mine = {path: array for path, array in result.items() if f"/{direction}" in path}
        parts = _parts(mine, ("kernel", "recurrent_kernel", "bias"), f"{name}: the LSTM {group!a}")
        prefix = "backward." * (direction == "backward")
        sources |= {prefix + _OURS[part]: path for part, (path, _) in parts.items()}
        cells.append(_cell([array for _, array in parts.values()], f"{name}: {group!a}"))
    return Lstm(
        block=config.name,
        forward=cells[0],
        backward=cells[1] if config.bidirectional else None,
        sequences=config.sequences,
        activation=config.activation,
        gate=config.gate,
        sources=sources,
    )


def _parts(
    result: Mapping[str, AnyArray], parts: tuple[str, ...], name: str
) -> dict[str, tuple[str, AnyArray]]:
    """Returns path and array by part, in the order of `parts`; the last one, a bias, may lack.

    Keras 3 numbers a layer's arrays, Keras 2 names them.
    """
    known = {str(number): part for number, part in enumerate(parts)} | {p: p for p in parts}
    named = {}
    for path, array in result.items():
        part = known.get(path.rsplit("/", 1)[-1].removesuffix(":0"))
        if part is None or part in named:
            raise CheckpointError(f"{name} has an array {path[-80:]!a}: expected {parts}")
        named[part] = (path, array)
    if any(part not in named for part in parts[:-1]):
        raise CheckpointError(f"{name} has the arrays {list(named)}: expected {parts}")
    return {part: named[part] for part in parts if part in named}


def _cell(arrays: list[AnyArray], name: str) -> LstmLayer:
    kernel, recurrent = arrays[:2]
    units = recurrent.shape[0] if recurrent.ndim == 2 else 0
    bias = arrays[2] if len(arrays) == 3 else np.zeros(4 * units, np.float32)
    fits = kernel.ndim == 2 and kernel.shape[1] == 4 * units == recurrent.shape[-1]
    if not fits or bias.shape != (4 * units,):
        shapes = [array.shape for array in arrays]
        raise CheckpointError(
            f"{name} is no LSTM of four gates: expected (C, 4H), (H, 4H), (4H,), got {shapes}"
        )
    i2h, h2h = (np.ascontiguousarray(array.T, np.float32) for array in (kernel, recurrent))
    return LstmLayer(i2h, h2h, np.asarray(bias, np.float32), np.zeros(4 * units, np.float32))


def _dense(config: LayerConfig, file: Hdf5, group: str, name: str) -> Dense:
    parts = _parts(file.arrays(group), ("kernel", "bias"), f"{name}: the dense layer {group!a}")
    kernel = parts["kernel"][1]
    if kernel.ndim != 2:
        raise CheckpointError(f"{name}: {group!a} is no dense layer: its kernel is {kernel.shape}")
    weight = np.ascontiguousarray(kernel.T, np.float32)
    bias = np.asarray(parts["bias"][1] if "bias" in parts else np.zeros(len(weight)), np.float32)
    if bias.shape != weight.shape[:1]:
        raise CheckpointError(f"{name}: {group!a} has a weight {weight.shape}, a bias {bias.shape}")
    ours = {"kernel": "weight", "bias": "bias"}
    return Dense(
        block=config.name,
        weight=weight,
        bias=bias,
        activation=config.activation if config.saved else None,
        sources={ours[part]: path for part, (path, _) in parts.items()},
    )
