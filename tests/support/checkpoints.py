"""Checkpoints with random, distinct weights, and their capsules, made without training or MXNet."""

import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.families.table import reconstruction
from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.train.data.checkpoint import PARAMS_NAME, Checkpoint, save_checkpoint
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from support import random_checkpoint

MEAN, SCALE = 18.25, 3.5  # unlike 0 and 1, so that a forgotten one shows
THRESHOLD = 1.5
OUTPUTS = ("score", "alarm", "reconstruction", "error", "contribution", "h_out", "c_out")
FLAGS = {"f4": 0, "f8": 1, "f2": 2, "u1": 3, "i4": 4, "i1": 5, "i8": 6, "b1": 7}


def make_checkpoint(units: int = 1, window: int = 48, scaling: str = "trained") -> Checkpoint:
    config = NabRdsConfig(units=units, window=window, scaling=(scaling,))
    blank = random_checkpoint.blank_checkpoint(
        config,
        1,
        mean=(MEAN,),
        scale=(SCALE,),
        calibrations={scaling: random_checkpoint.calibration(THRESHOLD)},
    )
    # The count by hand: what it is counted by is under test.
    parameters = 4 * units * (1 + units + 2) + units + 1
    return replace(blank, channels=(("value", "percent"),), parameters=parameters)


def random_weights(checkpoint: Checkpoint, seed: int = 0) -> dict[str, AnyArray]:
    return random_checkpoint.random_weights(checkpoint, np.random.default_rng(seed), size=0.9)


def save(folder: Path, checkpoint: Checkpoint, weights: Mapping[str, AnyArray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PARAMS_NAME).write_bytes(params_bytes(weights))
    save_checkpoint(checkpoint, folder)
    return folder


def params_bytes(weights: Mapping[str, AnyArray]) -> bytes:
    """The bytes that mx.nd.save writes for these arrays; test_params holds it to that."""
    names = [name.encode() for name in weights]
    return b"".join(
        [
            struct.pack("<QQQ", 0x112, 0, len(weights)),
            *(array_bytes(weight) for weight in weights.values()),
            struct.pack("<Q", len(names)),
            *(struct.pack("<Q", len(name)) + name for name in names),
        ]
    )


def array_bytes(
    values: AnyArray,
    *,
    magic: int = 0xF993FAC9,
    storage: int = 0,
    ndim: int | None = None,
    shape: tuple[int, ...] | None = None,
    flag: int | None = None,
) -> bytes:
    """One array of a .params file; the keywords let its header lie."""
    dims = values.shape if shape is None else shape
    return b"".join(
        [
            struct.pack("<Iii", magic, storage, len(dims) if ndim is None else ndim),
            struct.pack(f"<{len(dims)}q", *dims),
            struct.pack("<iii", 1, 0, FLAGS[values.dtype.str[1:]] if flag is None else flag),
            values.astype(values.dtype.newbyteorder("<")).tobytes(),
        ]
    )


class Made:
    """A checkpoint with random weights, its capsule, and a session over it."""

    def __init__(self, folder: Path, units: int) -> None:
        self.checkpoint = make_checkpoint(units)
        self.weights = random_weights(self.checkpoint, seed=units)
        self.folder = save(folder, self.checkpoint, self.weights)
        self.content = build_capsule(self.checkpoint, self.weights)
        self.path = folder / "model.onnx"
        self.path.write_bytes(self.content)
        self.model = onnx.load_from_string(self.content)
        self.session = onnxruntime.InferenceSession(self.content)

    def run(self, values: AnyArray, **feeds: AnyArray) -> dict[str, AnyArray]:
        """The graph's outputs for values (N, T), as a host in any language would have them."""
        feeds = {"values": values[..., None]} | feeds
        feeds = {name: array.astype(np.float32) for name, array in feeds.items()}
        return dict(zip(OUTPUTS, self.session.run(list(OUTPUTS), feeds), strict=True))

    def expected(self, scaled: AnyArray) -> AnyArray:
        """The reference's reconstruction of scaled values (N, T), scaled units."""
        rows = [reconstruction(self.checkpoint, self.weights, one[:, None])[:, 0] for one in scaled]
        return np.stack(rows)


def series(count: int, length: int) -> Float32:
    """Values (N, T) in the sensor's units, as single precision holds them."""
    generator = np.random.default_rng(1000 * count + length)
    return (MEAN + SCALE * generator.normal(0, 1.5, (count, length))).astype(np.float32)


def scaled(values: AnyArray) -> AnyArray:
    return (values.astype(np.float64) - MEAN) / SCALE
