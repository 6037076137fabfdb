"""How far a training run has come, and how it goes on: kept in a file after every epoch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError, InputError
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.config_fields import written
from stillwatch.train.loop.fit import to_nd
from stillwatch.train.loop.interfaces import LoopOptions
from stillwatch.train.loop.resume import adam_moments, load_progress, restore_adam, save_progress

__all__ = ["TrainingRun"]


class TrainingRun:
    """A run's standing: epochs done, curves, best weights, patience left.

    curve: the losses of the epochs done, "train" and "validation".
    """

    def __init__(
        self,
        net: mx.gluon.Block,
        trainer: mx.gluon.Trainer,
        config: LoopOptions,
        path: Path,
        data: Sequence[str],
    ) -> None:
        """A run at its beginning, or where the file at `path` says that it stands.

        data: fingerprints of its windows. Raises CheckpointError for a file
        that is not whole, or of a run with another configuration or data.
        """
        self._net, self._trainer, self._config, self._path = net, trainer, config, path
        # As JSON gives it back: tuples come as lists.
        fields = json.loads(json.dumps(written(config)))
        self._about = {"config": fields, "data": list(data)}
        self.curve: dict[str, list[float]] = {"train": [], "validation": []}
        self._best: dict[str, AnyArray] = {}
        self._since_best = 0
        if path.is_file():
            self._restore()

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.curve["train"])

    @property
    def ended(self) -> bool:
        """Whether all epochs are done, or patience is at its end."""
        return self.epoch >= self._config.epochs or self._since_best >= self._config.patience

    def finish_epoch(self, loss: float, held_out: float) -> None:
        """Takes an epoch's losses, in training and validation, and saves where the run stands."""
        best_so_far = min(self.curve["validation"], default=np.inf)
        self.curve["train"].append(loss)
        self.curve["validation"].append(held_out)
        if held_out < best_so_far:
            self._best, self._since_best = self._weights(), 0
        else:
            self._since_best += 1
            plateau = self._since_best % max(1, self._config.patience // 3) == 0
            if plateau and not self._scheduled:
                self._trainer.set_learning_rate(self._trainer.learning_rate / 2)
        self._save()

    def restore_best(self) -> None:
        """Gives the network its best weights; raises InputError where training diverged."""
        if not self._best:
            raise InputError(
                f"training diverged: no validation loss was finite in {self.epoch} epochs; "
                f"lower the learning rate, now {self._config.learning_rate:g}"
            )
        self._set_weights(self._best)

    @property
    def _scheduled(self) -> bool:
        """Whether a schedule rules the learning rate; it follows from the steps done."""
        return self._trainer.optimizer.lr_scheduler is not None

    def _weights(self) -> dict[str, AnyArray]:
        named = self._net._collect_params_with_prefix()
        return {name: parameter.data().asnumpy() for name, parameter in named.items()}

    def _set_weights(self, weights: dict[str, AnyArray]) -> None:
        for name, parameter in self._net._collect_params_with_prefix().items():
            parameter.set_data(to_nd(weights[name]))

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
        self._set_weights(by_kind["net"])
        self._best = by_kind["best"]
        if set(self._best) != set(by_kind["net"]):
            raise KeyError("best weights")
        self.curve = figures["curve"]
        self._since_best = figures["since_best"]
        restore_adam(self._trainer, by_kind["adam"], figures["updates"])
        if not self._scheduled:
            self._trainer.set_learning_rate(figures["learning_rate"])
