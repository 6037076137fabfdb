"""Trains networks until they are no better, whatever the family, its samples and its loss.

Adam, gradients clipped by their norm, the learning rate halved on a plateau
or as a schedule has it, early stopping with the best weights restored, and
the run's state, last and best weights, saved after every epoch, so that a
killed run goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.loop.interfaces import LoopOptions, Samples
from stillwatch.train.loop.one_pass import Loss, mean_squared_error, train_epoch
from stillwatch.train.loop.training_run import TrainingRun

__all__ = ["PROGRESS_NAME", "Epoch", "Telling", "train_with_early_stopping"]

PROGRESS_NAME = "progress.params"


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch that is done, the first of them number 1: mean squared errors and learning rate."""

    number: int
    train: float
    validation: float
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What a training says as it goes.

    caption: of the progress bar, None for none. after_epoch: called with each
    epoch that is done.
    """

    caption: str | None = None
    after_epoch: Callable[[Epoch], None] = lambda _: None


def train_with_early_stopping(
    net: mx.gluon.Block,
    training: Samples,
    validation: Samples,
    config: LoopOptions,
    folder: Path,
    *,
    prepare_loss: Callable[[], Loss] = lambda: lambda error, *_: error,
    telling: Telling | None = None,
    schedule: mx.lr_scheduler.LRScheduler | None = None,
) -> dict[str, list[float]]:
    """Trains `net`, leaves it with its best weights, and returns the learning curves.

    The curves hold each epoch's mean squared error against the targets, for
    training and validation. After each epoch the run's state is in `folder`;
    a run that finds one there goes on from it, and ends as if it had never
    been killed. prepare_loss: called where there is an epoch to run; by
    default the error itself is minimised. telling: by default nothing is said.
    schedule: the learning rate by steps done, in place of halving.
    """
    telling = telling or Telling()
    caption = telling.caption
    trainer = mx.gluon.Trainer(
        {p.name: p for p in net.collect_params().values() if p.grad_req != "null"},
        "adam",
        {"learning_rate": config.learning_rate} | ({"lr_scheduler": schedule} if schedule else {}),
    )
    data = [training.fingerprint(), validation.fingerprint()]
    run = TrainingRun(net, trainer, config, folder / PROGRESS_NAME, data)
    loss = None if run.ended else prepare_loss()
    with tqdm(
        total=config.epochs, initial=run.epoch, desc=caption, unit="epoch", disable=caption is None
    ) as bar:
        while not run.ended and loss is not None:
            error = train_epoch(net, trainer, training, loss, config, run.epoch)
            held_out = mean_squared_error(net, validation)
            run.finish_epoch(error, held_out)
            bar.update()
            bar.set_postfix(train=f"{error:.4f}", validation=f"{held_out:.4f}")
            rate = float(trainer.learning_rate)
            telling.after_epoch(
                Epoch(number=run.epoch, train=error, validation=held_out, learning_rate=rate)
            )
    run.restore_best()
    return run.curve
