"""`stillwatch tune sensor --data MY.csv`: the search, its report, and the command to train with."""

import argparse
import dataclasses
import json
import multiprocessing
import shlex
from collections.abc import Callable
from pathlib import Path

import optuna
from tqdm import tqdm

from stillwatch.runtime.cli.reading import print_remarks
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder, write_text
from stillwatch.runtime.report.machine import provenance
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.config_fields import MISSING
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.families.sensor.options import add_data_options, recording_of
from stillwatch.train.tuning.report import Best, Results, importances, tune_page
from stillwatch.train.tuning.search import (
    answered,
    best_trials,
    config_of_trial,
    open_study,
    run_trials,
)

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the data and of the search."""
    default = SensorConfig()
    add_data_options(parser)
    parser.add_argument("--missing", choices=MISSING, default=default.missing)
    parser.add_argument(
        "--window", dest="windows", nargs="+", type=int, default=[default.window], metavar="T",
        help="several are searched too; beware that shorter ones are easier to reconstruct",
    )  # fmt: skip
    parser.add_argument("--step", type=int, default=default.step)
    parser.add_argument("--epochs", type=int, default=default.epochs, help="of a trial, at most")
    parser.add_argument("--patience", type=int, default=default.patience)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--trials", type=int, default=30, help="in all (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=1, help="processes at once (default: %(default)s)"
    )
    parser.add_argument(
        "--size", action="store_true", help="the number of parameters as a second objective"
    )
    parser.add_argument(
        "--storage", metavar="URL", help="such as sqlite:///tune.db (default: a file in --out)"
    )
    parser.add_argument("--out", type=Path, default=Path("tuning"), help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Runs what trials are missing, and reports; a killed search goes on."""
    if arguments.trials < 1 or arguments.workers < 1:
        raise InputError("expected at least one trial and one worker")
    recording, base = recording_of(arguments), _base(arguments)
    print_remarks(recording.columns)
    make_folder(arguments.out)
    study = open_study(_storage(arguments), recording, base, size=arguments.size)
    context = multiprocessing.get_context("spawn")
    helpers = [
        context.Process(target=_work, args=(arguments, worker))
        for worker in range(1, arguments.workers)
    ]
    for helper in helpers:
        helper.start()
    with tqdm(total=arguments.trials, initial=len(answered(study)), unit="trial") as bar:

        def show() -> None:
            bar.n = min(arguments.trials, len(answered(study)))
            bar.refresh()

        _search(arguments, study, recording, base, show)
    for helper in helpers:
        helper.join()
    best = best_trials(study)
    results: Results = {
        **provenance(),
        "data": recording.name,
        "objectives": study.user_attrs["objectives"],
        "base": dataclasses.asdict(base),
        "best": [_best(trial) for trial in best],
        "importances": importances(study),
        "trials": [
            {"number": t.number, "state": t.state.name, "values": t.values, "params": t.params}
            for t in answered(study)
        ],
    }
    write_text(arguments.out / "tune.json", json.dumps(results, indent=1) + "\n")
    write_text(arguments.out / "report.html", tune_page(study, results))
    print(f"{len(answered(study))} trials, {len(best)} best; report in {arguments.out}/report.html")
    for name, share in results["importances"].items():
        print(f"  {name:<14} {share:.2f} of the loss's variation")
    print(f"next: {_command(arguments, config_of_trial(base, best[0].params))}")
    return 0


def _best(trial: optuna.trial.FrozenTrial) -> Best:
    about = trial.user_attrs
    return {
        "values": trial.values,
        "params": trial.params,
        "parameters": about["parameters"],
        "epochs": about["epochs"],
    }


def _work(arguments: argparse.Namespace, worker: int) -> None:
    """A helper's whole life: trials until there are enough."""
    recording, base = recording_of(arguments), _base(arguments)
    study = open_study(_storage(arguments), recording, base, size=arguments.size, worker=worker)
    _search(arguments, study, recording, base, lambda: None)


def _search(
    arguments: argparse.Namespace,
    study: optuna.Study,
    recording: Recording,
    base: SensorConfig,
    after_trial: Callable[[], None],
) -> None:
    run_trials(
        study,
        recording,
        base,
        tuple(arguments.windows),
        trials=arguments.trials,
        folder=arguments.out / "trials",
        after_trial=after_trial,
    )


def _base(arguments: argparse.Namespace) -> SensorConfig:
    return SensorConfig(
        window=arguments.windows[0],
        step=arguments.step,
        epochs=arguments.epochs,
        patience=arguments.patience,
        missing=arguments.missing,
        seed=arguments.seed,
    )


def _storage(arguments: argparse.Namespace) -> str:
    return str(arguments.storage or arguments.out / "study.journal")


def _command(arguments: argparse.Namespace, config: SensorConfig) -> str:
    """Returns the command that trains the best configuration."""
    words = ["stillwatch", "train", "sensor", "--data", str(arguments.data)]
    if arguments.time_column:
        words += ["--time-column", arguments.time_column]
    for column in arguments.columns:
        words += ["--column", column]
    default = dataclasses.asdict(SensorConfig())
    for name, value in dataclasses.asdict(config).items():
        if value != default[name]:
            words += [f"--{name.replace('_', '-')}", f"{value}"]
    return shlex.join(words)
