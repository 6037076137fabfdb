"""MXNet Gluon, where the networks are trained; hybridized, with static memory and shapes."""

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

__all__ = ["ENGINE", "network"]


def _start() -> None:
    import stillwatch.train.data.mxnet_compat  # noqa: F401


def _load(path: Path, threads: int) -> Run:  # noqa: ARG001  (by OMP_NUM_THREADS, at import)
    from stillwatch.train.data.mxnet_compat import mx

    net = network(path)
    net.hybridize(static_alloc=True, static_shape=True)

    def run(windows: Float32) -> AnyArray:
        steps = np.ascontiguousarray(windows.transpose(1, 0, 2))  # NTC -> TNC
        decoded = net(mx.nd.from_numpy(steps, zero_copy=False)).asnumpy()
        return np.asarray(decoded).transpose(1, 0, 2)

    return run


def _load_step(path: Path, streams: int, threads: int) -> Step:  # noqa: ARG001
    from stillwatch.train.data.checkpoint import load_checkpoint
    from stillwatch.train.data.mxnet_compat import mx

    net = network(path)
    net.lstm.hybridize(static_alloc=True, static_shape=True)
    net.dense.hybridize(static_alloc=True, static_shape=True)

    def begin() -> Step:
        state = net.lstm.begin_state(batch_size=streams)

        def step(values: Float32) -> AnyArray:
            nonlocal state
            given = mx.nd.from_numpy(values[None, :, None], zero_copy=False)
            hidden, state = net.lstm(given, state)
            return np.asarray(net.dense(hidden).asnumpy())[0, :, 0]

        return step

    checkpoint, _ = load_checkpoint(path)
    return restarting(begin, checkpoint.config.window)


def network(path: Path) -> Any:
    """Returns the Gluon network, by the imports that it needs and no more."""
    from stillwatch.train.data.checkpoint import PARAMS_NAME, load_checkpoint
    from stillwatch.train.families.table import family_module

    checkpoint, _ = load_checkpoint(path)
    build = family_module(checkpoint.family, "network").build
    net: Any = build(checkpoint.config, len(checkpoint.channels))
    net.load_parameters(str(path / PARAMS_NAME))
    return net


ENGINE = Engine(
    name="mxnet",
    package="mxnet",
    start=_start,
    load=_load,
    load_step=_load_step,
)
