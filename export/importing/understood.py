"""What an import has understood, and the parts that the families share in understanding it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer, summed_biases
from stillwatch.export.importing.layers import Dense, Foreign, Lstm, Repeat
from stillwatch.export.importing.scaler import Scaler
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.families.config import Config

__all__ = ["Options", "Understood", "Unfit", "named", "plain", "window_of"]

_PARTS = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")


class Unfit(Exception):  # noqa: N818  (it is an answer, not an error)
    """Why a network is not of a family."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user says where names and shapes do not: family, rows of a window, activation."""

    family: str | None = None
    window: int | None = None
    activation: str | None = None


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A network as one of our families.

    weights: by our names, as a checkpoint has them. table: their name, ours
    and the shape of each. remarks: what was taken for granted. scaler: what
    the file computes before its first layer, where it does.
    """

    family: str
    config: Config
    channels: int
    weights: Mapping[str, AnyArray]
    table: tuple[tuple[str, str, tuple[int, ...]], ...]
    remarks: tuple[str, ...]
    scaler: Scaler | None = None


def plain(layer: Lstm) -> None:
    """Raises Unfit for a layer of both directions, or of other activations than the families'."""
    if layer.backward is not None:
        raise Unfit(f"wants one direction, {layer.block!a} has two")
    if (layer.activation, layer.gate) != ("tanh", "sigmoid"):
        raise Unfit(f"wants tanh and sigmoid, {layer.block!a} has {layer.activation}, {layer.gate}")


def window_of(network: Foreign, options: Options) -> int:
    """Returns the rows of a window; raises CheckpointError where nobody says how many.

    What repeats the encoder's state says so, too, where a file gives its number (not 0), and
    must not say otherwise: the output would have other rows than the input.
    """
    repeats = [layer.times for layer in network.layers if isinstance(layer, Repeat) and layer.times]
    window = options.window or network.window or next(iter(repeats), None)
    if window is None:
        raise CheckpointError(
            "the file does not say how many rows a window has: give --window N, as it was trained"
        )
    if any(times != window for times in repeats):
        raise CheckpointError(
            f"the file repeats the encoder's state {str(repeats[0])[:20]} times: expected "
            f"{str(window)[:20]}, the rows of its window"
        )
    return window


def named(
    blocks: list[tuple[str, int, Lstm]], dense: Dense, *, one_bias: bool
) -> tuple[dict[str, AnyArray], tuple[tuple[str, str, tuple[int, ...]], ...]]:
    """Returns the weights by our names, and the table of names.

    one_bias: the second bias of a layer is added to the first, in double
    precision, and is zero, as in the repeat-vector family.
    """
    weights: dict[str, AnyArray] = {}
    table = []
    for block, number, layer in blocks:
        arrays = dict(zip(_PARTS, _arrays(layer.forward, one_bias=one_bias), strict=True))
        for part, array in arrays.items():
            ours = f"{block}._unfused.{number}.{part}"
            weights[ours] = array
            table.append((layer.sources.get(part, "(zeros)"), ours, array.shape))
    for part, array in (("weight", dense.weight), ("bias", dense.bias)):
        weights[f"dense.{part}"] = np.ascontiguousarray(array, np.float32)
        table.append((dense.sources.get(part, "(zeros)"), f"dense.{part}", array.shape))
    return weights, tuple(table)


def _arrays(layer: LstmLayer, *, one_bias: bool) -> list[AnyArray]:
    arrays = [
        np.ascontiguousarray(array, np.float32)
        for array in (layer.i2h_weight, layer.h2h_weight, layer.i2h_bias, layer.h2h_bias)
    ]
    if one_bias:
        arrays[2], arrays[3] = summed_biases(arrays[2], arrays[3])
    return arrays
