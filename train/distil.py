"""Trains repeat-vector autoencoders, alone or towards a teacher, with the habits of the craft.

The loss is equation (2) of the distillation paper:

    (1 - alpha) * MSE(x_s, x) + alpha * MSE(x_s / temperature, x_t / temperature)

x the input, x_s the student's reconstruction of it, x_t the teacher's.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.runtime.files import replacing
from stillwatch.train.config import RepeatVectorConfig
from stillwatch.train.fit import seed_everything, to_nd
from stillwatch.train.models.repeat_vector import RepeatVector
from stillwatch.train.mxnet_compat import mx
from stillwatch.train.resume import adam_moments, load_progress, restore_adam, save_progress
from stillwatch.train.window_set import WindowSet

__all__ = ["PROGRESS_NAME", "build_network", "reconstruct_all", "train_windows"]

PROGRESS_NAME = "progress.params"


def build_network(config: RepeatVectorConfig, channels: int) -> RepeatVector:
    """Returns the network of a configuration, initialized from its seed; `channels` if joint."""
    seed_everything(config.seed)
    width = 1 if config.channels == "independent" else channels
    net = RepeatVector(channels=width, units=config.units, layers=config.layers)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


def reconstruct_all(net: RepeatVector, windows: WindowSet, batch: int = 256) -> Float32:
    """Returns the reconstruction (T, len(windows), C) of every sample."""
    parts = [
        net(to_nd(windows.batch(np.arange(start, min(start + batch, len(windows)))))).asnumpy()
        for start in range(0, len(windows), batch)
    ]
    return np.concatenate(parts, axis=1)


def train_windows(
    net: RepeatVector,
    training: WindowSet,
    validation: WindowSet,
    config: RepeatVectorConfig,
    folder: Path,
    *,
    teacher: RepeatVector | None = None,
    targets_path: Path | None = None,
    caption: str | None = None,
    after_epoch: Callable[[int], None] = lambda _: None,
) -> dict[str, list[float]]:
    """Trains `net`, leaves it with its best weights, and returns the learning curves.

    The curves hold each epoch's mean squared error against the input, for
    training and validation. After each epoch the run's state is in `folder`;
    a run that finds one there goes on from it, and ends as if it had never
    been killed. teacher: wanted where alpha is above 0. targets_path: where
    its reconstructions are kept, for the next student of the same windows.
    caption: of the progress bar; None for none.
    """
    trainer = mx.gluon.Trainer(
        {p.name: p for p in net.collect_params().values() if p.grad_req != "null"},
        "adam",
        {"learning_rate": config.learning_rate},
    )
    run = _Run(net, trainer, config, folder / PROGRESS_NAME)
    if config.alpha > 0 and teacher is None:
        raise InputError(f"expected a teacher for alpha {config.alpha:g}, got none")
    targets = None
    if config.alpha > 0 and teacher is not None and not run.ended:
        targets = _targets(teacher, training, targets_path)
    bar = tqdm(
        total=config.epochs, initial=run.epoch, desc=caption, unit="epoch", disable=caption is None
    )
    while not run.ended:
        loss = _epoch(net, trainer, training, targets, config, run.epoch)
        held_out = _squared_error(net, validation)
        run.finish_epoch(loss, held_out)
        bar.update()
        bar.set_postfix(train=f"{loss:.4f}", validation=f"{held_out:.4f}")
        after_epoch(run.epoch)
    bar.close()
    run.restore_best()
    return run.curve


def _targets(teacher: RepeatVector, training: WindowSet, path: Path | None) -> Float32:
    """Returns the teacher's reconstructions: once, since its pass costs as much as many epochs."""
    if path is not None and path.is_file():
        kept: Float32 = np.load(path, allow_pickle=False)
        return kept
    targets = reconstruct_all(teacher, training)
    if path is not None:
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, targets)
    return targets


class _Run:
    """A run's standing: epochs done, curves, best weights, patience left; saved every epoch."""

    def __init__(
        self, net: RepeatVector, trainer: mx.gluon.Trainer, config: RepeatVectorConfig, path: Path
    ) -> None:
        self._net, self._trainer, self._config, self._path = net, trainer, config, path
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
            "config": asdict(self._config),
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
        if figures["config"] != asdict(self._config):
            raise CheckpointError(
                f"{self._path} is of a run with another configuration; name another folder or "
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
    net: RepeatVector,
    trainer: mx.gluon.Trainer,
    training: WindowSet,
    targets: Float32 | None,
    config: RepeatVectorConfig,
    epoch: int,
) -> float:
    """Runs one epoch and returns its mean squared error against the input."""
    # Drawn from seed and epoch alone, so a resumed run sees the order it would have seen.
    order = np.random.default_rng([config.seed, epoch]).permutation(len(training))
    parameters = [p for p in net.collect_params().values() if p.grad_req != "null"]
    errors = []
    for start in range(0, len(order), config.batch):
        numbers = order[start : start + config.batch]
        values = to_nd(training.batch(numbers))
        with mx.autograd.record():
            decoded = net(values)
            error = mx.nd.mean(mx.nd.square(decoded - values))
            loss = error
            if targets is not None:
                target = to_nd(targets[:, numbers])
                drift = (decoded - target) / config.temperature
                loss = (1 - config.alpha) * error + config.alpha * mx.nd.mean(mx.nd.square(drift))
        loss.backward()
        mx.gluon.utils.clip_global_norm([p.grad() for p in parameters], config.clip)
        trainer.step(1)  # the loss is a mean already
        errors.append((error, len(numbers)))
    return _weighted_mean(errors)


def _squared_error(net: RepeatVector, windows: WindowSet, batch: int = 256) -> float:
    errors = []
    for start in range(0, len(windows), batch):
        numbers = np.arange(start, min(start + batch, len(windows)))
        values = to_nd(windows.batch(numbers))
        errors.append((mx.nd.mean(mx.nd.square(net(values) - values)), len(numbers)))
    return _weighted_mean(errors)


def _weighted_mean(errors: list[tuple[mx.nd.NDArray, int]]) -> float:
    total = sum(float(error.asscalar()) * count for error, count in errors)
    return total / sum(count for _, count in errors)
