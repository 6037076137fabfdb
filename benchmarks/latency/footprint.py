"""What a network weighs, counted from its graph; what it computes; what an engine installs."""

import importlib.metadata
import re
from collections.abc import Iterator

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.families.table import FAMILIES
from stillwatch.train.families.config import Config

__all__ = ["installed_mib", "operations", "parameters_in_graph", "weights_read"]

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)[^;]*(?:;(.*))?")


def parameters_in_graph(content: bytes) -> int:
    """Returns the number of weights in a capsule's LSTM nodes and dense layer.

    A recurrent bias of zeros is the family's second bias vector, which is held
    at zero and is no parameter.
    """
    graph = onnx.load_from_string(content).graph
    tensors = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    count = sum(tensors[name].size for name in ("dense_weight", "dense_bias"))
    for node in _nodes(graph):
        if node.op_type == "LSTM":
            w, r, b = (tensors[name] for name in node.input[1:4])
            recurrent_bias = np.split(b[0], 2)[1]
            count += w.size + r.size + b.size // 2
            count += recurrent_bias.size if recurrent_bias.any() else 0
    return int(count)


def operations(config: Config, channels: int) -> int:
    """Returns additions and multiplications of the matrix products for one window.

    As the plain graph does them: the decoder's repeated input is projected at
    every step. Gates' functions are left out: a few percent from 64 units on.
    """
    family = FAMILIES[config.family]
    layers = family.lstm_layers(config, channels)
    segment = family.segment(config)
    products = sum(inputs * 4 * config.units for inputs, _ in layers)
    recurrent = sum(4 * config.units * units for _, units in layers)
    dense = config.units * channels * segment
    return 2 * (config.window // segment) * (products + recurrent + dense)


def weights_read(config: Config, channels: int) -> int:
    """Returns how many weights one window alone must fetch.

    The recurrent ones at every step, since each step waits for the last; the
    others once, since their product can be one for all steps.
    """
    family = FAMILIES[config.family]
    layers = family.lstm_layers(config, channels)
    segment = family.segment(config)
    recurrent = sum(4 * units * units for _, units in layers)
    once = sum(4 * units * inputs for inputs, units in layers) + config.units * channels * segment
    return config.window // segment * recurrent + once


def installed_mib(package: str) -> float:
    """Returns the size of a distribution's files and of all that it requires, in MiB."""
    sizes: dict[str, int] = {}
    _add_sizes(package, sizes)
    return round(sum(sizes.values()) / 2**20, 1)


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yields the nodes of a graph and of the branches in it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from _nodes(attribute.g)


def _add_sizes(package: str, sizes: dict[str, int]) -> None:
    name = re.sub(r"[-_.]+", "-", package).lower()
    if name in sizes:
        return
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return  # required on another platform
    sizes[name] = sum(_size(path) for path in distribution.files or ())
    for requirement in distribution.requires or ():
        match = _REQUIREMENT.match(requirement)
        if match and "extra" not in (match[2] or ""):
            _add_sizes(match[1], sizes)


def _size(path: importlib.metadata.PackagePath) -> int:
    try:
        return int(path.locate().stat().st_size)  # type: ignore[attr-defined]
    except OSError:
        return 0
