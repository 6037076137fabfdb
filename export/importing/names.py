"""Names of weights to layers: Gluon's and PyTorch's, whatever the blocks are called."""

import re
from collections.abc import Mapping

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.bounded import LONGEST_NAME
from stillwatch.export.importing.layers import Dense, Foreign, Layer, Lstm
from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import CheckpointError

__all__ = ["GLUON", "PYTORCH", "Naming", "listed", "network_of"]

_PARTS = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")
_LISTED = 12  # names that a message shows


class Naming:
    """How a framework names an LSTM's arrays: patterns with block, layer, direction and part."""

    def __init__(self, framework: str, lstm: tuple[str, ...], parts: Mapping[str, str]) -> None:
        """parts: their name of a part, to ours."""
        self.framework = framework
        self.lstm = tuple(re.compile(pattern) for pattern in lstm)
        self.parts = dict(parts)


_GLUON_PART = f"(?P<part>{'|'.join(_PARTS)})$"
# 0._unfused.0.i2h_weight (save_parameters), lstm0_l0_i2h_weight (collect_params, export) and
# 0.i2h_weight (a cell, or a layer that was never fused).
GLUON = Naming(
    "Gluon",
    (
        rf"^(?P<block>.*?)\.?_unfused\.(?P<layer>\d{{1,9}})\.(?:(?P<direction>[lr])_cell\.)?{_GLUON_PART}",
        rf"^(?:arg:)?(?P<block>.*?)[._]?(?P<direction>[lr])(?P<layer>\d{{1,9}})_{_GLUON_PART}",
        rf"^(?:arg:)?(?P<block>.*?)[._]?{_GLUON_PART}",
    ),
    {part: part for part in _PARTS},
)
PYTORCH = Naming(
    "PyTorch",
    (
        r"^(?P<block>.*?)\.?(?P<part>weight_ih|weight_hh|bias_ih|bias_hh)_l(?P<layer>\d{1,9})"
        r"(?P<direction>_reverse)?$",
    ),
    dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), _PARTS, strict=True)),
)
_DENSE = re.compile(r"^(?:arg:)?(?P<block>.*?)[._]?(?P<part>weight|bias)$")


def network_of(arrays: Mapping[str, AnyArray], naming: Naming, name: str) -> Foreign:
    """Returns the layers among named arrays, in the order of the file; raises CheckpointError."""
    cells: dict[tuple[str, int], dict[str, tuple[str, Float32]]] = {}
    dense: dict[str, dict[str, tuple[str, Float32]]] = {}
    order: dict[str, None] = {}
    for theirs, array in arrays.items():
        if len(theirs) > LONGEST_NAME:
            raise CheckpointError(f"{name} has an array with a name of {len(theirs)} characters")
        match = next((m for p in naming.lstm if (m := p.match(theirs))), None)
        if match:
            groups = match.groupdict()
            key = (groups["block"], int(groups.get("layer") or 0))
            part = naming.parts[groups["part"]]
            backward = (groups.get("direction") or "l") in ("r", "_reverse")
            cells.setdefault(key, {})["backward." * backward + part] = (theirs, _floats(array))
        elif match := _DENSE.match(theirs):
            dense.setdefault(match["block"], {})[match["part"]] = (theirs, _floats(array))
        else:
            raise CheckpointError(
                f"{name} has an array {theirs[:80]!a}, which is of no LSTM or dense layer; it "
                f"holds {listed(arrays)}: leave out what the network does not need, or rename it "
                "with --map"
            )
        order.setdefault(match["block"], None)
    layers: list[Layer] = []
    for block in order:
        numbers = sorted(number for owner, number in cells if owner == block)
        layers += [_lstm(block, cells[block, number], name) for number in numbers]
        if block in dense:
            layers.append(_dense(block, dense[block], name))
    if not any(isinstance(layer, Lstm) for layer in layers):
        raise CheckpointError(f"{name} has no LSTM layer; it holds {listed(arrays)}")
    return Foreign(framework=naming.framework, layers=tuple(layers))


def listed(arrays: Mapping[str, AnyArray]) -> str:
    """Returns the first names and shapes, for a message."""
    shown = [f"{name[:60]!a} {tuple(array.shape)}" for name, array in arrays.items()][:_LISTED]
    more = len(arrays) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _lstm(block: str, parts: Mapping[str, tuple[str, Float32]], name: str) -> Lstm:
    directions = [""] + ["backward."] * any(part.startswith("backward.") for part in parts)
    made = [_cell(block, direction, parts, name) for direction in directions]
    sources = {part: theirs for part, (theirs, _) in parts.items()}
    backward = made[1] if len(made) == 2 else None
    return Lstm(block=block, forward=made[0], backward=backward, sources=sources)


def _cell(
    block: str, direction: str, parts: Mapping[str, tuple[str, Float32]], name: str
) -> LstmLayer:
    given = {part: parts[direction + part][1] for part in _PARTS if direction + part in parts}
    missing = [part for part in _PARTS[:2] if part not in given]
    if missing:
        raise CheckpointError(f"{name}: the LSTM {block!a} lacks {', '.join(missing)}")
    i2h, h2h = given["i2h_weight"], given["h2h_weight"]
    units = h2h.shape[-1]
    zeros = np.zeros(4 * units, np.float32)
    biases = [given.get(part, zeros) for part in _PARTS[2:]]
    gates = 4 * units
    fits = h2h.shape == (gates, units) and i2h.ndim == 2 and i2h.shape[0] == gates
    if not fits or any(bias.shape != (gates,) for bias in biases):
        shapes = ", ".join(f"{part} {given[part].shape}" for part in given)
        raise CheckpointError(
            f"{name}: {block!a} is no LSTM of four gates: expected (4H, C), (4H, H) and biases "
            f"(4H,), got {shapes}"
        )
    return LstmLayer(i2h, h2h, biases[0], biases[1])


def _dense(block: str, parts: Mapping[str, tuple[str, Float32]], name: str) -> Dense:
    if "weight" not in parts:
        raise CheckpointError(f"{name}: the dense layer {block!a} has a bias and no weight")
    weight = parts["weight"][1]
    if weight.ndim != 2:
        raise CheckpointError(
            f"{name}: expected {parts['weight'][0]!a} of a dense layer (out, in), got shape "
            f"{weight.shape}: only LSTM and dense layers can come in"
        )
    bias = parts["bias"][1] if "bias" in parts else np.zeros(len(weight), np.float32)
    if bias.shape != weight.shape[:1]:
        raise CheckpointError(
            f"{name}: {block!a} has a weight {weight.shape} and a bias {bias.shape}"
        )
    sources = {part: theirs for part, (theirs, _) in parts.items()}
    return Dense(block=block, weight=weight, bias=bias, sources=sources)


def _floats(array: AnyArray) -> Float32:
    return np.ascontiguousarray(array, np.float32)
