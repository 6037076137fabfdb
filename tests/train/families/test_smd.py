"""The SMD recipe: what of a machine it trains on, what it refuses, what it leaves behind."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.waves import CONFIG, waves, windows_of

from stillwatch.runtime.errors import InputError
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets.smd import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out, load_network, train_smd
from stillwatch.train.loop.one_pass import reconstruct_all


def machine(seed: int = 0, rows: int = 120) -> Machine:
    values = waves(rows, seed).astype(np.float64) * 3 + 5
    return Machine("made up", values, values, np.zeros(rows, bool), ())


def test_alpha_without_a_teacher(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a teacher for alpha 0\.35"):
        train_smd([machine()], replace(CONFIG, alpha=0.35), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_held_out_rows_are_never_seen(tmp_path: Path) -> None:
    one, other = machine(), machine()
    rest = held_out(other)
    assert len(rest) == 36
    rest += 100  # a view of the machine's own rows
    for name, of in (("one", one), ("other", other)):
        train_smd([of], CONFIG, tmp_path / name, progress=False)
    written = [(tmp_path / name / "model.params").read_bytes() for name in ("one", "other")]
    assert written[0] == written[1]
    other.train[0, 0] += 1
    train_smd([other], CONFIG, tmp_path / "third", progress=False)
    assert (tmp_path / "third" / "model.params").read_bytes() != written[0]


def test_distilled_run_ends_in_a_checkpoint_that_loads(tmp_path: Path) -> None:
    train_smd([machine()], replace(CONFIG, units=6, layers=2), tmp_path / "teacher", progress=False)
    config = replace(CONFIG, alpha=0.5)
    found = train_smd(
        [machine(), machine(1)], config, tmp_path / "student", teacher=tmp_path / "teacher",
        progress=False,
    )  # fmt: skip
    assert (found.config, found.parameters) == (config, 2 * 4 * 3 * (3 + 1) + 12 * (1 + 3) + 4)
    assert len(found.curve["train"]) == len(found.curve["validation"]) == config.epochs
    net = load_network(tmp_path / "student")
    assert reconstruct_all(net, windows_of(waves())).shape[0] == config.window


def test_run_that_is_done_is_read_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train_smd([machine()], CONFIG, tmp_path, progress=False)
    monkeypatch.setattr("stillwatch.train.families.repeat_vector.recipe.train_windows", None)
    again = train_smd([machine()], CONFIG, tmp_path, progress=False)
    assert again == done
    with pytest.raises(InputError, match="another configuration"):
        train_smd([machine()], replace(CONFIG, seed=1), tmp_path, progress=False)


def test_series_without_windows_to_validate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="several windows of 6 rows"):
        train_smd([machine(rows=20)], CONFIG, tmp_path, progress=False)


def test_a_student_of_segments_learns_from_a_teacher_of_rows(tmp_path: Path) -> None:
    train_smd([machine()], replace(CONFIG, units=6, layers=2), tmp_path / "teacher", progress=False)
    config = replace(CONFIG, alpha=0.5, segment=3, scale_free=True, epochs=12)
    found = train_smd(
        [machine()], config, tmp_path / "student", teacher=tmp_path / "teacher", progress=False
    )
    width = 3  # values of a step
    assert found.parameters == 4 * 3 * (width + 3 + 1) + 4 * 3 * (3 + 3 + 1) + width * (3 + 1)
    losses = found.curve["validation"]
    assert min(losses) < losses[0]
    net = load_network(tmp_path / "student")
    assert reconstruct_all(net, windows_of(waves())).shape[0] == config.window
    loaded, _ = load_checkpoint(tmp_path / "student")
    assert loaded.config == config
