"""The search: it resumes, gives up bad trials, keeps to training rows, and says what mattered."""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from support.own_table import table
from support.sensor_config import recording, rows

from stillwatch.runtime.cli.main import main
from stillwatch.runtime.errors import InputError
from stillwatch.train.families.sensor import recipe
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.loop.epochs import Epoch
from stillwatch.train.tuning import command as tune_command
from stillwatch.train.tuning import search
from stillwatch.train.tuning.report import importances
from stillwatch.train.tuning.search import answered, best_trials, open_study, run_trials

Run = Callable[..., subprocess.CompletedProcess[str]]

BASE = SensorConfig(window=8, step=8, epochs=2)


def study_in(folder: Path, *, size: bool = False, base: SensorConfig = BASE) -> optuna.Study:
    folder.mkdir(exist_ok=True)
    return open_study(str(folder / "study.journal"), recording(), base, size=size)


def search_on(study: optuna.Study, folder: Path, trials: int) -> None:
    run_trials(study, recording(), BASE, (8,), trials=trials, folder=folder / "trials")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_UNITS", (2, 3))
    monkeypatch.setattr(search, "_LAYERS", (1, 2))


@pytest.mark.usefixtures("small")
def test_a_search_goes_on_where_it_stood(tmp_path: Path) -> None:
    search_on(study_in(tmp_path), tmp_path, trials=2)
    study = study_in(tmp_path)
    assert len(answered(study)) == 2
    search_on(study, tmp_path, trials=5)
    done = answered(study)
    assert len(done) == 5
    assert len({tuple(trial.params.values()) for trial in done}) > 3  # other draws each time
    (best,) = best_trials(study)
    assert best.value == min(t.value for t in done if t.value is not None)
    assert sum(importances(study).values()) == pytest.approx(1)
    search_on(study, tmp_path, trials=5)
    assert len(answered(study)) == 5


@pytest.mark.usefixtures("small")
def test_loss_is_that_of_the_training_run(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    search_on(study, tmp_path, trials=1)
    (trial,) = answered(study)
    config = search.config_of_trial(BASE, trial.params)
    found = recipe.train_sensor(recording(), config, tmp_path / "again", progress=False)
    assert trial.value == min(found.curve["validation"])
    assert trial.user_attrs["parameters"] == found.parameters


@pytest.mark.usefixtures("small")
def test_held_out_rows_do_not_matter(tmp_path: Path) -> None:
    """What calibrates, and would be tested on, changes nothing in a search."""
    losses = []
    for name, shift in (("one", 0.0), ("other", 50.0)):
        values = rows()
        values[140:] += shift
        folder = tmp_path / name
        folder.mkdir()
        study = open_study(str(folder / "study.journal"), recording(values), BASE, size=False)
        run_trials(study, recording(values), BASE, (8,), trials=3, folder=folder)
        losses.append([trial.values for trial in answered(study)])
    assert losses[0] == losses[1]


@pytest.mark.usefixtures("small")
def test_bad_trials_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first ones, a trial that is worse than the middle of them does not go on."""
    seen: list[int] = []

    def train(
        _recording: object, _config: SensorConfig, _folder: Path, **options: object
    ) -> object:
        number = len(seen)
        seen.append(0)
        for epoch in range(1, 11):
            seen[number] = epoch
            loss = 1.0 + number
            options["after_epoch"](  # type: ignore[operator]
                Epoch(number=epoch, train=loss, validation=loss, learning_rate=0.1)
            )
        return done(loss)

    def done(loss: float) -> object:
        curve = {"train": [loss], "validation": [loss]}
        return SimpleNamespace(parameters=5, curve=curve)

    monkeypatch.setattr(recipe, "train_sensor", train)
    study = study_in(tmp_path)
    search_on(study, tmp_path, trials=8)
    states = [trial.state for trial in answered(study)]
    assert states.count(TrialState.PRUNED) == 3
    assert seen == [10] * 5 + [3] * 3


@pytest.mark.usefixtures("small")
def test_size_as_a_second_objective(tmp_path: Path) -> None:
    study = study_in(tmp_path, size=True)
    search_on(study, tmp_path, trials=6)
    front = best_trials(study)
    losses = [trial.values[0] for trial in front]
    sizes = [trial.values[1] for trial in front]
    assert losses == sorted(losses)
    assert sizes == sorted(sizes, reverse=True)
    pairs = list(zip(losses, sizes, strict=True))
    for trial in answered(study):
        assert any(a <= trial.values[0] and b <= trial.values[1] for a, b in pairs)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("alive", [False, True])
def test_trial_of_a_killed_worker_is_taken_up_again(alive: bool, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    study = study_in(tmp_path)
    other = study.ask()
    other.set_user_attr("pid", os.getppid() if alive else gone.pid)
    search._suggest(other, BASE, (8,))
    search_on(study_in(tmp_path), tmp_path, trials=2)
    left, first, _ = study.get_trials()
    assert left.state == (TrialState.RUNNING if alive else TrialState.FAIL)
    assert (first.params == left.params) is not alive


@pytest.mark.parametrize("alive", [False, True])
def test_trial_that_has_only_begun_is_not_taken_from_its_worker(
    alive: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker may look between the beginning of a trial and the write of its number."""
    monkeypatch.setattr(search, "_TO_SAY_WHO", datetime.timedelta(minutes=1 if alive else 0))
    study = study_in(tmp_path)
    begun = study.ask()
    search._take_up(study_in(tmp_path))
    state = study.get_trials()[begun.number].state
    assert state == (TrialState.RUNNING if alive else TrialState.FAIL)


def test_several_workers_share_the_trials(run: Run, data: Path, tmp_path: Path) -> None:
    done = run(*command(data, "--workers", "2", "--out", tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads((tmp_path / "out" / "tune.json").read_text())
    assert len(found["trials"]) in (5, 6)  # the last two may end together
    params = [tuple(trial["params"].values()) for trial in found["trials"]]
    assert len(set(params)) == len(params)


def test_a_helper_searches_in_the_same_study_with_draws_of_its_own(
    data: Path, tmp_path: Path
) -> None:
    parser = argparse.ArgumentParser()
    tune_command.add_arguments(parser)
    seen = []
    for worker in (1, 2):
        out = tmp_path / str(worker)
        words = [str(word) for word in command(data, "--trials", "2", "--out", out)]
        out.mkdir()
        tune_command._work(parser.parse_args(words[2:]), worker)
        storage = JournalStorage(JournalFileBackend(str(out / "study.journal")))
        done = answered(optuna.load_study(study_name="sensor", storage=storage))
        assert len(done) == 2
        seen.append([trial.params for trial in done])
    assert seen[0] != seen[1]


def test_a_study_of_something_else(tmp_path: Path) -> None:
    study_in(tmp_path)
    with pytest.raises(InputError, match="study of other base"):
        study_in(tmp_path, base=replace(BASE, epochs=3))
    with pytest.raises(InputError, match="study of other objectives"):
        study_in(tmp_path, size=True)
    other = recording(rows(seed=9))
    with pytest.raises(InputError, match="study of other data"):
        open_study(str(tmp_path / "study.journal"), other, BASE, size=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "my.csv"
    path.write_text(table(), encoding="utf-8")
    return path


def command(data: Path, *more: str | Path) -> list[str | Path]:
    options = ["--window", "10", "--step", "10", "--epochs", "2", "--trials", "5"]
    return ["tune", "sensor", "--data", data, "--time-column", "t", *options, *more]


def test_killed_and_resumed_by_the_program(
    program: Path, run: Run, clean_env: dict[str, str], data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = command(data, "--out", out)
    child = subprocess.Popen(
        [program, *arguments], env=clean_env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(600):  # until a trial has ended and another runs
        if len(list(out.glob("trials/*/progress.params"))) >= 2:
            break
        time.sleep(0.1)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads((out / "tune.json").read_text())
    assert len(found["trials"]) == 5
    assert "next: stillwatch train sensor --data" in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count('<figure class="plot"') == 2
    losses = [t["values"][0] for t in found["trials"] if t["state"] == "COMPLETE"]
    assert found["best"][0]["values"][0] == np.min(losses)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--storage", "sqlite:////no/such/folder/tune.db"), "cannot open the study"),
        (("--storage", "nonsense://x"), "cannot open the study"),
        (("--trials", "0"), "at least one trial"),
        (("--window", "1"), "a window of 2"),
        (("--window", "200"), "windows of 200"),
    ],
)
def test_bad_input_is_one_line(
    options: tuple[str, ...],
    expected: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([str(w) for w in command(data, *options, "--out", tmp_path / "out")]) == 2
    last = capsys.readouterr().err.replace("\r", "\n").splitlines()[-1]
    assert last.startswith("stillwatch: ")
    assert expected in last
