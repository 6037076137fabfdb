"""The training loop, and what every family needs around it."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from stillwatch.runtime.arrays import Float32
from stillwatch.train.mxnet_compat import mx

__all__ = ["count_parameters", "fit", "seed_everything"]


def seed_everything(seed: int) -> None:
    """Seeds MXNet's generators; initial weights and shuffles follow from them."""
    mx.random.seed(seed)


def count_parameters(net: mx.gluon.Block) -> int:
    """Returns the number of trainable parameters, as Gluon itself holds them."""
    parameters = net.collect_params().values()
    return sum(int(np.prod(p.shape)) for p in parameters if p.grad_req != "null")


def fit(
    net: mx.gluon.Block,
    batches: Sequence[Float32],
    validation: Sequence[Float32],
    *,
    trainer: mx.gluon.Trainer,
    step_size: int,
    epochs: int,
    progress: str | None = None,
) -> dict[str, list[float]]:
    """Trains `net` to reconstruct its input; returns {"train": ..., "validation": ...} a epoch.

    batches, validation: arrays (T, N, C) in the order they are fed.
    step_size: what the summed gradient is divided by, Gluon's `Trainer.step`.
    The loss is Gluon's L2Loss, half the squared error; the curve holds its
    mean over values. progress: the bar's caption; None for no bar.
    """
    half_squared = mx.gluon.loss.L2Loss()
    curve: dict[str, list[float]] = {"train": [], "validation": []}
    epoch_bar = tqdm(range(epochs), desc=progress, unit="epoch", disable=progress is None)
    for _ in epoch_bar:
        losses = []
        for batch in batches:
            values = mx.nd.array(batch)
            with mx.autograd.record():
                loss = half_squared(net(values), values)
            loss.backward()
            trainer.step(step_size)
            losses.append(loss)
        curve["train"].append(_mean(losses))
        held_out = [mx.nd.array(batch) for batch in validation]
        curve["validation"].append(_mean([half_squared(net(v), v) for v in held_out]))
        epoch_bar.set_postfix({name: f"{values[-1]:.4f}" for name, values in curve.items()})
    return curve


def _mean(losses: Sequence[mx.nd.NDArray]) -> float:
    return float(np.mean(np.concatenate([loss.asnumpy() for loss in losses]), dtype=np.float64))
