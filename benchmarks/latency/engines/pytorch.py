"""PyTorch, eager, in inference mode, with the checkpoint's weights by `to_torch`."""

from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.engines.base import (
    Engine,
    Run,
    Step,
    restarting,
)
from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["ENGINE", "run_module", "start"]


def start() -> None:
    """Imports PyTorch."""
    import torch  # noqa: F401


def run_module(module: Any, threads: int) -> Run:
    """Returns a module as a function of arrays."""
    import torch

    torch.set_num_threads(threads)

    def run(windows: Float32) -> AnyArray:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(windows)).numpy())

    return run


def _load(path: Path, threads: int) -> Run:
    from stillwatch.export.pytorch.conversion import to_torch

    return run_module(to_torch(path), threads)


def _load_step(path: Path, streams: int, threads: int) -> Step:  # noqa: ARG001
    import torch

    from stillwatch.export.pytorch.conversion import to_torch
    from stillwatch.train.data.checkpoint import load_checkpoint

    torch.set_num_threads(threads)
    module: Any = to_torch(path)

    def begin() -> Step:
        state = None

        def step(values: Float32) -> AnyArray:
            nonlocal state
            with torch.inference_mode():
                hidden, state = module.lstm(torch.from_numpy(values[:, None, None]), state)
                return np.asarray(torch.tanh(module.dense(hidden)).numpy())[:, 0, 0]

        return step

    checkpoint, _ = load_checkpoint(path)
    return restarting(begin, checkpoint.config.window)


ENGINE = Engine(
    name="pytorch",
    package="torch",
    start=start,
    load=_load,
    load_step=_load_step,
)
