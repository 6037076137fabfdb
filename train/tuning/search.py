"""Searches a sensor configuration for the least validation loss; resumable, many workers at once.

A trial is one ordinary training run in a folder of its own, so a killed one
goes on where it stood. Only training rows are seen: neither the held-out
ones, which calibrate, nor anybody's labels.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from stillwatch.runtime.errors import InputError
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["answered", "best_trials", "config_of_trial", "open_study", "run_trials"]

_UNITS = (8, 16, 32, 64, 128)
_LAYERS = (1, 2, 3)
_BATCHES = (16, 32, 64, 128)
_LEARNING_RATES = (3e-4, 1e-2)
_MOST_DROPOUT = 0.4
_WORKER_SEEDS = 10_000  # apart, so that workers who begin together do not try the same
_STARTUP_TRIALS, _WARMUP_EPOCHS = 5, 3  # before the first trial is given up
_TO_SAY_WHO = datetime.timedelta(minutes=1)


def open_study(
    storage: str, recording: Recording, base: SensorConfig, *, size: bool, worker: int = 0
) -> optuna.Study:
    """Returns the study in `storage`: a file's path, or a database's URL; begins it if need be.

    base: what is not searched. size: let the number of parameters be a second
    objective. worker: its number, where several search together. Raises
    InputError where the storage cannot be reached or holds a study of other
    data, another configuration, or other objectives.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    about = {
        "data": fingerprint(recording.segments),
        "base": dataclasses.asdict(base),
        "objectives": ["validation loss", "parameters"] if size else ["validation loss"],
    }
    try:
        study = optuna.create_study(
            study_name="sensor",
            storage=_open_storage(storage),
            load_if_exists=True,
            directions=["minimize"] * len(about["objectives"]),
        )
    except Exception as error:  # each kind of database has exceptions of its own
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"cannot open the study in {storage}: {reason}") from error
    for name, value in about.items():
        result = study.user_attrs.get(name)
        if result is None:
            study.set_user_attr(name, value)
        elif result != value:
            raise InputError(f"{storage} is a study of other {name}; name another folder")
    # Another draw for each worker and each resumption, the same for the same beginning.
    seed = base.seed + len(study.get_trials(deepcopy=False)) + _WORKER_SEEDS * worker
    study.sampler = optuna.samplers.TPESampler(seed=seed, multivariate=False)
    study.pruner = optuna.pruners.MedianPruner(
        n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=_WARMUP_EPOCHS
    )
    return study


def run_trials(
    study: optuna.Study,
    recording: Recording,
    base: SensorConfig,
    windows: tuple[int, ...],
    *,
    trials: int,
    folder: Path,
    after_trial: Callable[[], None] = lambda: None,
) -> None:
    """Runs trials until there are `trials` that ended, those of killed workers taken up again."""
    from stillwatch.train.families.sensor.recipe import train_sensor
    from stillwatch.train.loop.epochs import Epoch  # MXNet takes seconds to import

    def objective(trial: Trial) -> float | tuple[float, float]:
        trial.set_user_attr("pid", os.getpid())
        config = _suggest(trial, base, windows)

        def after_epoch(epoch: Epoch) -> None:
            trial.report(epoch.validation, epoch.number)
            if trial.should_prune():
                raise optuna.TrialPruned

        prunes = len(study.directions) == 1  # Optuna prunes by one objective alone
        options: dict[str, Any] = {"after_epoch": after_epoch} if prunes else {}
        checkpoint = train_sensor(
            recording, config, folder / _name(config), progress=False, **options
        )
        trial.set_user_attr("parameters", checkpoint.parameters)
        trial.set_user_attr("epochs", len(checkpoint.curve["train"]))
        loss = min(checkpoint.curve["validation"])
        return loss if prunes else (loss, float(checkpoint.parameters))

    _take_up(study)
    while len(answered(study)) < trials:
        study.optimize(objective, n_trials=1)
        after_trial()


def answered(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the trials that ended, by a loss or by being given up."""
    return study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))


def best_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the trial of least loss or, with two objectives, the Pareto front by its loss."""
    return sorted(study.best_trials, key=lambda trial: trial.values[0])


def config_of_trial(base: SensorConfig, params: Mapping[str, Any]) -> SensorConfig:
    """Returns the configuration of a trial."""
    return dataclasses.replace(base, **params)


def _suggest(trial: Trial, base: SensorConfig, windows: tuple[int, ...]) -> SensorConfig:
    params: dict[str, Any] = {
        "units": trial.suggest_categorical("units", _UNITS),
        "layers": trial.suggest_int("layers", _LAYERS[0], _LAYERS[-1]),
        "batch": trial.suggest_categorical("batch", _BATCHES),
        "learning_rate": trial.suggest_float("learning_rate", *_LEARNING_RATES, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, _MOST_DROPOUT, step=0.1),
    }
    if len(windows) > 1:
        params["window"] = trial.suggest_categorical("window", windows)
    return config_of_trial(base, params)


def _name(config: SensorConfig) -> str:
    return hashlib.sha256(repr(config).encode()).hexdigest()[:16]


def _take_up(study: optuna.Study) -> None:
    """Lets the trials of workers that are no more be run again, from where they stood."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        if not _alive(trial):
            study.tell(trial.number, state=TrialState.FAIL)
            if trial.params:
                study.enqueue_trial(trial.params)


def _alive(trial: FrozenTrial) -> bool:
    pid = trial.user_attrs.get("pid")
    if pid is None:  # a worker says who it is just after it has begun, in a write of its own
        begun = trial.datetime_start or datetime.datetime.min  # never missing while it runs
        return datetime.datetime.now(begun.tzinfo) - begun < _TO_SAY_WHO
    if pid == os.getpid():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def _open_storage(storage: str) -> BaseStorage:
    if "://" in storage:
        return RDBStorage(storage)
    return JournalStorage(JournalFileBackend(storage))
