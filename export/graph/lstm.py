"""LSTM layers' parameters: their names in a .params file, and their form in ONNX."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["LstmLayer", "Weights", "lstm_shapes", "summed_biases"]

_PARTS = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")


def lstm_shapes(block: str, layer: int, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of each parameter of a layer of `gluon.rnn.LSTM`.

    block: the attribute that holds the LSTM in its parent. Gluon saves a
    fused layer under the name that its unfused cell would have.
    """
    shapes = ((4 * units, inputs), (4 * units, units), (4 * units,), (4 * units,))
    return {
        f"{block}._unfused.{layer}.{part}": shape
        for part, shape in zip(_PARTS, shapes, strict=True)
    }


def summed_biases(first: AnyArray, second: AnyArray) -> tuple[Float32, Float32]:
    """Returns two biases as one, summed in double precision, and zeros in place of the other.

    As the repeat-vector family has them, whose second bias is frozen.
    """
    total = first.astype(np.float64) + second
    return total.astype(np.float32), np.zeros(second.shape, np.float32)


@dataclass(frozen=True)
class LstmLayer:
    """A layer's parameters as Gluon holds them, gates stacked i, f, g, o.

    i2h_weight (4H, C), h2h_weight (4H, H), i2h_bias (4H,), h2h_bias (4H,).
    """

    i2h_weight: AnyArray
    h2h_weight: AnyArray
    i2h_bias: AnyArray
    h2h_bias: AnyArray

    @classmethod
    def of(cls, weights: Mapping[str, AnyArray], block: str, layer: int) -> "LstmLayer":
        """Returns the layer among a checkpoint's weights."""
        return cls(*(weights[f"{block}._unfused.{layer}.{part}"] for part in _PARTS))

    @classmethod
    def from_onnx(cls, w: AnyArray, r: AnyArray, b: AnyArray) -> "LstmLayer":
        """Returns the layer whose `onnx_tensors` these are."""
        i2h_bias, h2h_bias = np.split(b[0], 2)
        return cls(*(_restored(part) for part in (w[0], r[0], i2h_bias, h2h_bias)))

    @property
    def units(self) -> int:
        """H, the number of hidden units."""
        return int(self.h2h_weight.shape[1])

    def onnx_tensors(self) -> tuple[Float32, Float32, Float32]:
        """Returns ONNX's W (1, 4H, C), R (1, 4H, H) and B (1, 8H)."""
        bias = np.concatenate([_reordered(self.i2h_bias), _reordered(self.h2h_bias)])
        return _reordered(self.i2h_weight)[None], _reordered(self.h2h_weight)[None], bias[None]


@dataclass(frozen=True)
class Weights:
    """An autoencoder's layers: encoder and decoder, then dense (C, H) and its bias (C,)."""

    encoder: tuple[LstmLayer, ...]
    decoder: tuple[LstmLayer, ...]
    dense_weight: AnyArray
    dense_bias: AnyArray


def _reordered(gluon: AnyArray) -> Float32:
    """Returns gates i, f, g, o (input, forget, cell, output) as ONNX's i, o, f, c; c is g."""
    i, f, g, o = np.split(np.asarray(gluon, np.float32), 4)
    return np.concatenate([i, o, f, g])


def _restored(onnx: AnyArray) -> AnyArray:
    """Undoes `_reordered`."""
    i, o, f, g = np.split(onnx, 4)
    return np.concatenate([i, f, g, o])
