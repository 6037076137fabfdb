"""The training loop, and what every family needs around it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.files import replacing
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.data.params import read_params

__all__ = ["count_parameters", "fit", "save_network", "seed_everything", "to_nd"]


def seed_everything(seed: int) -> None:
    """Seeds MXNet's generators; initial weights and shuffles follow from them."""
    mx.random.seed(seed)


def count_parameters(net: mx.gluon.Block) -> int:
    """Returns the number of trainable parameters, as Gluon itself holds them."""
    parameters = net.collect_params().values()
    return sum(int(np.prod(p.shape)) for p in parameters if p.grad_req != "null")


def to_nd(array: AnyArray) -> mx.nd.NDArray:
    """Returns a copy of `array` in MXNet, of the same type.

    Not by `mx.nd.array`, which reaches into scipy by names that are going away.
    """
    return mx.nd.from_numpy(np.ascontiguousarray(array), zero_copy=False)


def save_network(net: mx.gluon.Block, path: Path) -> None:
    """Writes the network's weights to `path`, whole or not at all, and reads them back.

    MXNet does not always notice a full disk. Raises InputError.
    """
    with replacing(path) as temporary:
        try:
            net.save_parameters(str(temporary))
            written = read_params(temporary)
        except (mx.MXNetError, CheckpointError) as error:
            raise InputError(f"cannot write {path}: is the disk full?") from error
        for name, parameter in net._collect_params_with_prefix().items():
            if not np.array_equal(written[name], parameter.data().asnumpy()):
                raise InputError(f"cannot write {path}: what was written reads back differently")


def fit(
    net: mx.gluon.Block,
    batches: Sequence[Float32],
    validation: Sequence[Float32],
    *,
    trainer: mx.gluon.Trainer,
    step_size: int,
    epochs: int,
    progress: str | None = None,
    loss: mx.gluon.loss.Loss | None = None,
) -> dict[str, list[float]]:
    """Trains `net` to reconstruct its input; returns {"train": ..., "validation": ...} by epoch.

    batches, validation: arrays (T, N, C) in the order they are fed.
    step_size: what the summed gradient is divided by, Gluon's `Trainer.step`.
    loss: by default Gluon's L2Loss, half the squared error; the curve holds
    its mean over values. progress: the bar's caption; None for no bar.
    """
    measure = loss or mx.gluon.loss.L2Loss()
    curve: dict[str, list[float]] = {"train": [], "validation": []}
    epoch_bar = tqdm(range(epochs), desc=progress, unit="epoch", disable=progress is None)
    for _ in epoch_bar:
        losses = []
        for batch in batches:
            values = to_nd(batch)
            with mx.autograd.record():
                lost = measure(net(values), values)
            lost.backward()
            trainer.step(step_size)
            losses.append(lost)
        curve["train"].append(_mean(losses))
        held_out = [to_nd(batch) for batch in validation]
        curve["validation"].append(_mean([measure(net(v), v) for v in held_out]))
        epoch_bar.set_postfix({name: f"{values[-1]:.4f}" for name, values in curve.items()})
    return curve


def _mean(losses: Sequence[mx.nd.NDArray]) -> float:
    return float(np.mean(np.concatenate([loss.asnumpy() for loss in losses]), dtype=np.float64))
