"""Trains windowed networks with the habits of the craft, whatever the family and its loss.

Adam, gradients clipped by their norm, the learning rate halved on a plateau,
early stopping with the best weights restored, and the run's state, last and
best weights, saved after every epoch, so that a killed run goes on.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.train.config import WindowedConfig
from stillwatch.train.fit import seed_everything, to_nd
from stillwatch.train.mxnet_compat import mx
from stillwatch.train.resume import adam_moments, load_progress, restore_adam, save_progress
from stillwatch.train.window_set import WindowSet

__all__ = ["PROGRESS_NAME", "Epoch", "Loss", "reconstruct_all", "train_with_habits"]

PROGRESS_NAME = "progress.params"

# What is minimised, from a batch's mean squared error, its reconstruction and its numbers.
Loss = Callable[[mx.nd.NDArray, mx.nd.NDArray, AnyArray], mx.nd.NDArray]


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch that is done, the first of them number 1: mean squared errors and learning rate."""

    number: int
    train: float
    validation: float
    learning_rate: float


def reconstruct_all(net: mx.gluon.Block, windows: WindowSet, batch: int = 256) -> Float32:
    """Returns the reconstruction (T, len(windows), C) of every sample."""
    parts = [
        net(to_nd(windows.batch(np.arange(start, min(start + batch, len(windows)))))).asnumpy()
        for start in range(0, len(windows), batch)
    ]
    return np.concatenate(parts, axis=1)


def train_with_habits(
    net: mx.gluon.Block,
    training: WindowSet,
    validation: WindowSet,
    config: WindowedConfig,
    folder: Path,
    *,
    prepare_loss: Callable[[], Loss] = lambda: lambda error, *_: error,
    caption: str | None = None,
    after_epoch: Callable[[Epoch], None] = lambda _: None,
) -> dict[str, list[float]]:
    """Trains `net`, leaves it with its best weights, and returns the learning curves.

    The curves hold each epoch's mean squared error against the input, for
    training and validation. After each epoch the run's
    state is in `folder`; a run that finds one there goes on from it, and ends
    as if it had never been killed. prepare_loss: called where there is an
    epoch to run; by default the error itself is minimised. caption: of the
    progress bar; None for none.
    """
    trainer = mx.gluon.Trainer(
        {p.name: p for p in net.collect_params().values() if p.grad_req != "null"},
        "adam",
        {"learning_rate": config.learning_rate},
    )
    about = {"config": asdict(config), "data": [training.fingerprint(), validation.fingerprint()]}
    run = _Run(net, trainer, config, folder / PROGRESS_NAME, about)
    loss = None if run.ended else prepare_loss()
    with tqdm(
        total=config.epochs, initial=run.epoch, desc=caption, unit="epoch", disable=caption is None
    ) as bar:
        while not run.ended and loss is not None:
            error = _epoch(net, trainer, training, loss, config, run.epoch)
            held_out = _squared_error(net, validation)
            run.finish_epoch(error, held_out)
            bar.update()
            bar.set_postfix(train=f"{error:.4f}", validation=f"{held_out:.4f}")
            rate = float(trainer.learning_rate)
            after_epoch(
                Epoch(number=run.epoch, train=error, validation=held_out, learning_rate=rate)
            )
    run.restore_best()
    return run.curve


class _Run:
    """A run's standing: epochs done, curves, best weights, patience left; saved every epoch."""

    def __init__(
        self,
        net: mx.gluon.Block,
        trainer: mx.gluon.Trainer,
        config: WindowedConfig,
        path: Path,
        about: dict[str, Any],
    ) -> None:
        self._net, self._trainer, self._config, self._path = net, trainer, config, path
        self._about = about
        self.curve: dict[str, list[float]] = {"train": [], "validation": []}
        self._best: dict[str, AnyArray] = {}
        self._since_best = 0
        if path.is_file():
            self._restore()

    @property
    def epoch(self) -> int:
        return len(self.curve["train"])

    @property
    def ended(self) -> bool:
        return self.epoch >= self._config.epochs or self._since_best >= self._config.patience

    def finish_epoch(self, loss: float, held_out: float) -> None:
        best_so_far = min(self.curve["validation"], default=np.inf)
        self.curve["train"].append(loss)
        self.curve["validation"].append(held_out)
        if held_out < best_so_far:
            self._best, self._since_best = self._weights(), 0
        else:
            self._since_best += 1
            if self._since_best % max(1, self._config.patience // 3) == 0:
                self._trainer.set_learning_rate(self._trainer.learning_rate / 2)
        self._save()

    def restore_best(self) -> None:
        if not self._best:
            raise InputError(
                f"training diverged: no validation loss was finite in {self.epoch} epochs; "
                f"lower the learning rate, now {self._config.learning_rate:g}"
            )
        for name, parameter in self._net._collect_params_with_prefix().items():
            parameter.set_data(to_nd(self._best[name]))

    def _weights(self) -> dict[str, AnyArray]:
        named = self._net._collect_params_with_prefix()
        return {name: parameter.data().asnumpy() for name, parameter in named.items()}

    def _save(self) -> None:
        arrays = {f"net/{name}": value for name, value in self._weights().items()}
        arrays |= {f"best/{name}": value for name, value in self._best.items()}
        arrays |= {f"adam/{name}": value for name, value in adam_moments(self._trainer).items()}
        figures: dict[str, Any] = {
            **self._about,
            "curve": self.curve,
            "since_best": self._since_best,
            "learning_rate": self._trainer.learning_rate,
            "updates": self._trainer.optimizer.num_update,
        }
        save_progress(self._path, arrays, figures)

    def _restore(self) -> None:
        arrays, figures = load_progress(self._path)
        try:
            self._take(arrays, figures)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise CheckpointError(
                f"{self._path} is not a run's whole progress ({type(error).__name__}: {error}); "
                "delete it to begin anew"
            ) from error

    def _take(self, arrays: dict[str, AnyArray], figures: dict[str, Any]) -> None:
        for name, what in (("config", "configuration"), ("data", "series")):
            if figures[name] != self._about[name]:
                raise CheckpointError(
                    f"{self._path} is of a run with another {what}; name another folder or "
                    "delete it"
                )
        by_kind: dict[str, dict[str, AnyArray]] = {"net": {}, "best": {}, "adam": {}}
        for name, value in arrays.items():
            kind, _, rest = name.partition("/")
            by_kind[kind][rest] = value
        for name, parameter in self._net._collect_params_with_prefix().items():
            parameter.set_data(to_nd(by_kind["net"][name]))
        self._best = by_kind["best"]
        if set(self._best) != set(by_kind["net"]):
            raise KeyError("best weights")
        self.curve = figures["curve"]
        self._since_best = figures["since_best"]
        restore_adam(self._trainer, by_kind["adam"], figures["updates"])
        self._trainer.set_learning_rate(figures["learning_rate"])


def _epoch(
    net: mx.gluon.Block,
    trainer: mx.gluon.Trainer,
    training: WindowSet,
    loss: Loss,
    config: WindowedConfig,
    epoch: int,
) -> float:
    """Runs one epoch and returns its mean squared error against the input."""
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


def _squared_error(net: mx.gluon.Block, windows: WindowSet, batch: int = 256) -> float:
    errors = []
    for start in range(0, len(windows), batch):
        numbers = np.arange(start, min(start + batch, len(windows)))
        values = to_nd(windows.batch(numbers))
        errors.append((mx.nd.mean(mx.nd.square(net(values) - values)), len(numbers)))
    return _weighted_mean(errors)


def _weighted_mean(errors: list[tuple[mx.nd.NDArray, int]]) -> float:
    total = sum(float(error.asscalar()) * count for error, count in errors)
    return total / sum(count for _, count in errors)
