"""Plain NumPy in single precision: what the equations cost with no engine at all."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.benchmarks.latency.engines.base import (
    Engine,
    Run,
    Step,
    restarting,
)
from stillwatch.runtime.arrays import AnyArray, Float32

if TYPE_CHECKING:
    from stillwatch.train.families.config import Config

__all__ = ["ENGINE"]


class _Cell:
    """An LSTM layer whose two products and biases are as few calls as NumPy allows."""

    def __init__(self, weights: dict[str, AnyArray], block: str, layer: int) -> None:
        parts = {
            part: np.ascontiguousarray(weights[f"{block}._unfused.{layer}.{part}"], np.float32)
            for part in ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")
        }
        self.inputs = parts["i2h_weight"].T.copy()
        self.recurrent = parts["h2h_weight"].T.copy()
        self.bias = parts["i2h_bias"] + parts["h2h_bias"]
        self.units = len(self.recurrent)

    def step(self, projected: AnyArray, h: AnyArray, c: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Returns the next h and c (N, H) from the projected input (N, 4H)."""
        gates = projected + h @ self.recurrent
        u = self.units
        # sigmoid(x) = (1 + tanh(x / 2)) / 2, which does not overflow; gates i, f, g, o.
        i, f, o = (0.5 + 0.5 * np.tanh(0.5 * gates[:, k * u : (k + 1) * u]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(gates[:, 2 * u : 3 * u])
        return o * np.tanh(c), c

    def run(self, steps: AnyArray) -> AnyArray:
        """Returns the hidden states (T, N, H) of steps (T, N, C), from a zero state."""
        projected = steps @ self.inputs + self.bias
        h = c = np.zeros((steps.shape[1], self.units), np.float32)
        hidden = np.empty((*steps.shape[:2], self.units), np.float32)
        for t, one in enumerate(projected):
            h, c = self.step(one, h, c)
            hidden[t] = h
        return hidden


def _start() -> None:
    """NumPy is there already."""


def _load(path: Path, threads: int) -> Run:  # noqa: ARG001  (by OPENBLAS_NUM_THREADS, at import)
    from stillwatch.train.data.checkpoint import load_checkpoint

    checkpoint, weights = load_checkpoint(path)
    return _NETWORKS[checkpoint.family](weights, checkpoint.config)


def _nab_rds(weights: dict[str, AnyArray], config: "Config") -> Run:  # noqa: ARG001
    cell = _Cell(weights, "lstm", 0)
    dense, bias = weights["dense.weight"].T.copy(), weights["dense.bias"]

    def run(windows: Float32) -> AnyArray:
        hidden = cell.run(windows.transpose(1, 0, 2))  # NTC -> TNC
        return np.tanh(hidden @ dense + bias).transpose(1, 0, 2)

    return run


def _repeat_vector(weights: dict[str, AnyArray], config: Any) -> Run:
    from stillwatch.train.families.repeat_vector.config import REACH

    dense, bias = weights["dense.weight"].T.copy(), weights["dense.bias"]
    encoder, decoder = (
        [_Cell(weights, block, layer) for layer in range(config.layers)]
        for block in ("encoder", "decoder")
    )

    def run(windows: Float32) -> AnyArray:
        size: Any = 1.0
        if config.scale_free:
            largest = np.abs(windows).max(axis=1, keepdims=True)
            size = np.maximum(np.float32(1.0), largest / np.float32(REACH))
        steps = (windows / size).reshape(len(windows), config.window // config.segment, -1)
        hidden: AnyArray = steps.transpose(1, 0, 2)  # NTC -> TNC
        for cell in encoder:
            hidden = cell.run(hidden)
        hidden = np.broadcast_to(hidden[-1:], hidden.shape)
        for cell in decoder:
            hidden = cell.run(hidden)
        decoded: AnyArray = (hidden @ dense + bias).transpose(1, 0, 2)
        scaled: AnyArray = decoded.reshape(windows.shape) * size
        return scaled

    return run


# Of weights and configuration; what is not here has its reference in double precision alone.
_NETWORKS = {"nab-rds": _nab_rds, "repeat-vector": _repeat_vector}


def _prepare(checkpoint: Path, folder: Path) -> Path:  # noqa: ARG001
    from stillwatch.runtime.errors import InputError
    from stillwatch.train.data.checkpoint import load_checkpoint

    family = load_checkpoint(checkpoint)[0].family
    if family not in _NETWORKS:
        raise InputError(f"plain NumPy has {' and '.join(_NETWORKS)} here, not {family}")
    return checkpoint


def _load_step(path: Path, streams: int, threads: int) -> Step:  # noqa: ARG001
    from stillwatch.train.data.checkpoint import load_checkpoint

    checkpoint, weights = load_checkpoint(path)
    cell = _Cell(weights, "lstm", 0)
    dense, bias = weights["dense.weight"].T.copy(), weights["dense.bias"]

    def begin() -> Step:
        h = c = np.zeros((streams, cell.units), np.float32)

        def step(values: Float32) -> AnyArray:
            nonlocal h, c
            h, c = cell.step(values[:, None] * cell.inputs + cell.bias, h, c)
            decoded: AnyArray = np.tanh(h @ dense + bias)[:, 0]
            return decoded

        return step

    return restarting(begin, checkpoint.config.window)


ENGINE = Engine(
    name="numpy",
    package="numpy",
    start=_start,
    prepare=_prepare,
    load=_load,
    roles=("student", "shipped"),
    load_step=_load_step,
)
