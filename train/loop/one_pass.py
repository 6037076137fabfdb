"""One pass of a network over windows: to train it, to measure it, to keep what it answers."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.config import WindowedConfig
from stillwatch.train.loop.fit import seed_everything, to_nd
from stillwatch.train.loop.window_set import WindowSet

__all__ = ["Loss", "mean_squared_error", "reconstruct_all", "train_epoch"]

# What is minimised, from a batch's mean squared error, its reconstruction and its numbers.
Loss = Callable[[mx.nd.NDArray, mx.nd.NDArray, AnyArray], mx.nd.NDArray]

_BATCH = 256  # samples a call where nothing is trained: bounds memory


def train_epoch(
    net: mx.gluon.Block,
    trainer: mx.gluon.Trainer,
    training: WindowSet,
    loss: Loss,
    config: WindowedConfig,
    epoch: int,
) -> float:
    """Trains `net` on every sample once; returns the mean squared error against the input."""
    # Order and dropout follow from seed and epoch alone, so a resumed run sees what it would have.
    generator = np.random.default_rng([config.seed, epoch])
    order = generator.permutation(len(training))
    seed_everything(int(generator.integers(2**31)))
    parameters = [p for p in net.collect_params().values() if p.grad_req != "null"]
    errors = []
    for start in range(0, len(order), config.batch):
        numbers = order[start : start + config.batch]
        values = to_nd(training.batch(numbers))
        with mx.autograd.record():
            decoded = net(values)
            error = mx.nd.mean(mx.nd.square(decoded - values))
            minimised = loss(error, decoded, numbers)
        minimised.backward()
        mx.gluon.utils.clip_global_norm([p.grad() for p in parameters], config.clip)
        trainer.step(1)  # the loss is a mean already
        errors.append((error, len(numbers)))
    return _weighted_mean(errors)


def mean_squared_error(net: mx.gluon.Block, windows: WindowSet) -> float:
    """Returns the mean squared error of the reconstruction of every sample."""
    errors = []
    for numbers in _in_batches(windows):
        values = to_nd(windows.batch(numbers))
        errors.append((mx.nd.mean(mx.nd.square(net(values) - values)), len(numbers)))
    return _weighted_mean(errors)


def reconstruct_all(net: mx.gluon.Block, windows: WindowSet) -> Float32:
    """Returns the reconstruction (T, len(windows), C) of every sample."""
    parts = [net(to_nd(windows.batch(numbers))).asnumpy() for numbers in _in_batches(windows)]
    return np.concatenate(parts, axis=1)


def _in_batches(windows: WindowSet) -> Iterator[npt.NDArray[np.int64]]:
    for start in range(0, len(windows), _BATCH):
        yield np.arange(start, min(start + _BATCH, len(windows)))


def _weighted_mean(errors: list[tuple[mx.nd.NDArray, int]]) -> float:
    total = sum(float(error.asscalar()) * count for error, count in errors)
    return total / sum(count for _, count in errors)
