"""One pass of a network over samples: to train it, to measure it, to keep what it answers."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.loop.fit import seed_everything, to_nd
from stillwatch.train.loop.interfaces import LoopOptions, Samples
from stillwatch.train.loop.window_set import WindowSet

__all__ = ["Loss", "mean_squared_error", "reconstruct_all", "train_epoch"]

# What is minimised, from a batch's mean squared error, what was answered and its numbers.
Loss = Callable[[mx.nd.NDArray, mx.nd.NDArray, AnyArray], mx.nd.NDArray]

_BATCH = 256  # samples a call where nothing is trained: bounds memory


def train_epoch(
    net: mx.gluon.Block,
    trainer: mx.gluon.Trainer,
    training: Samples,
    loss: Loss,
    config: LoopOptions,
    epoch: int,
) -> float:
    """Trains `net` on an epoch's samples; returns the mean squared error against their targets."""
    # Order and dropout follow from seed and epoch alone, so a resumed run sees what it would have.
    generator = np.random.default_rng([config.seed, epoch])
    order = training.order(generator)
    seed_everything(int(generator.integers(2**31)))
    parameters = [p for p in net.collect_params().values() if p.grad_req != "null"]
    errors = []
    for start in range(0, len(order), config.batch):
        numbers = order[start : start + config.batch]
        inputs, wanted = _batch(training, numbers)
        with mx.autograd.record():
            answered = net(*inputs)
            error = mx.nd.mean(mx.nd.square(answered - wanted))
            minimised = loss(error, answered, numbers)
        minimised.backward()
        mx.gluon.utils.clip_global_norm([p.grad() for p in parameters], config.clip)
        trainer.step(1)  # the loss is a mean already
        errors.append((error, len(numbers)))
    return _weighted_mean(errors)


def mean_squared_error(net: mx.gluon.Block, windows: Samples) -> float:
    """Returns the mean squared error over all samples."""
    errors = []
    for numbers in _in_batches(windows):
        inputs, wanted = _batch(windows, numbers)
        errors.append((mx.nd.mean(mx.nd.square(net(*inputs) - wanted)), len(numbers)))
    return _weighted_mean(errors)


def reconstruct_all(net: mx.gluon.Block, windows: WindowSet) -> Float32:
    """Returns the reconstruction (T, len(windows), C) of every sample."""
    parts = [net(to_nd(windows.batch(numbers))).asnumpy() for numbers in _in_batches(windows)]
    return np.concatenate(parts, axis=1)


def _batch(
    samples: Samples, numbers: npt.NDArray[np.int64]
) -> tuple[list[mx.nd.NDArray], mx.nd.NDArray]:
    return [to_nd(part) for part in samples.inputs(numbers)], to_nd(samples.targets(numbers))


def _in_batches(windows: Samples) -> Iterator[npt.NDArray[np.int64]]:
    for start in range(0, len(windows), _BATCH):
        yield np.arange(start, min(start + _BATCH, len(windows)))


def _weighted_mean(errors: list[tuple[mx.nd.NDArray, int]]) -> float:
    total = sum(float(error.asscalar()) * count for error, count in errors)
    return total / sum(count for _, count in errors)
