"""A run that was killed goes on, and ends to the last bit as one that never was."""

import json
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.data.params import read_params
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.repeat_vector.distillation import build_network, train_windows
from stillwatch.train.loop.epochs import PROGRESS_NAME, Epoch, Telling
from stillwatch.train.loop.fit import to_nd
from stillwatch.train.loop.resume import load_progress, save_progress
from stillwatch.train.loop.window_set import WindowSet

EPOCHS = 8
# A learning rate so high that validation wavers: best weights, halvings and patience all matter.
CONFIG = RepeatVectorConfig(
    units=3,
    layers=2,
    window=6,
    step=2,
    epochs=EPOCHS,
    batch=8,
    learning_rate=0.1,
    patience=6,
    alpha=0.35,
    seed=2,
)

Outcome = tuple[dict[str, AnyArray], dict[str, list[float]]]


class KilledError(Exception):
    pass


def windows(seed: int) -> WindowSet:
    noise = np.random.default_rng(seed).normal(0, 0.6, (60, 2))
    series: Float32 = (np.sin(np.arange(60)[:, None] / 3) + noise).astype(np.float32)
    return WindowSet([series], window=CONFIG.window, step=CONFIG.step, channels="independent")


def train(folder: Path, kill_after: int | None = None, how: object = KilledError) -> Outcome:
    def after_epoch(epoch: Epoch) -> None:
        if epoch.number == kill_after:
            if how is KilledError:
                raise KilledError
            signal.raise_signal(signal.SIGKILL)

    teacher = build_network(replace(CONFIG, units=6, seed=9), 2)
    net = build_network(CONFIG, 2)
    curve = train_windows(
        net,
        windows(0),
        windows(1),
        CONFIG,
        folder,
        teacher=teacher,
        telling=Telling(after_epoch=after_epoch),
    )
    weights = {n: p.data().asnumpy() for n, p in net._collect_params_with_prefix().items()}
    return weights, curve


def assert_same(found: Outcome, expected: Outcome) -> None:
    assert found[1] == expected[1]
    assert found[0].keys() == expected[0].keys()
    for name, value in found[0].items():
        assert value.tobytes() == expected[0][name].tobytes(), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("whole")
    weights, curve = train(folder)
    _, figures = load_progress(folder / PROGRESS_NAME)
    # A plateau, a halving in it, a better epoch after it, and more. Which epochs these are is the
    # processor's to say: its sums are rounded in another order.
    assert figures["learning_rate"] == CONFIG.learning_rate / 2
    best = int(np.argmin(curve["validation"]))
    assert 2 < best < EPOCHS - 1
    assert len(curve["train"]) == EPOCHS
    return weights, curve


@pytest.mark.parametrize("epoch", [1, 4, 5, 6, EPOCHS])
def test_killed_after_an_epoch(epoch: int, uninterrupted: Outcome, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        train(tmp_path, kill_after=epoch)
    assert_same(train(tmp_path), uninterrupted)


def test_killed_after_every_epoch(uninterrupted: Outcome, tmp_path: Path) -> None:
    for epoch in range(1, EPOCHS + 1):
        with pytest.raises(KilledError):
            train(tmp_path, kill_after=epoch)
    assert_same(train(tmp_path), uninterrupted)


def test_killed_within_an_epoch(
    uninterrupted: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = mx.gluon.Trainer.step

    def counted(trainer: mx.gluon.Trainer, *arguments: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 2 * 7 + 3:
            raise KilledError
        step(trainer, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(mx.gluon.Trainer, "step", counted)
        with pytest.raises(KilledError):
            train(tmp_path)
    _, figures = load_progress(tmp_path / PROGRESS_NAME)
    assert len(figures["curve"]["train"]) == 2
    assert_same(train(tmp_path), uninterrupted)


def test_killed_while_progress_is_written(
    uninterrupted: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KilledError):
        train(tmp_path, kill_after=2)
    before = (tmp_path / PROGRESS_NAME).read_bytes()

    def cut(path: str, arrays: object) -> None:
        mx_save(path, arrays)
        Path(path).write_bytes(Path(path).read_bytes()[:100])
        raise KilledError

    mx_save = mx.nd.save
    with monkeypatch.context() as patch:
        patch.setattr(mx.nd, "save", cut)
        with pytest.raises(KilledError):
            train(tmp_path)
    assert (tmp_path / PROGRESS_NAME).read_bytes() == before
    assert_same(train(tmp_path), uninterrupted)


def test_killed_by_the_system(uninterrupted: Outcome, tmp_path: Path) -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[2:]; from pathlib import Path; import test_resume\n"
        "test_resume.train(Path(sys.argv[1]), kill_after=3, how='SIGKILL')"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, tmp_path, *sys.path]
    done = subprocess.run(command, cwd=Path(__file__).parent, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    _, figures = load_progress(tmp_path / PROGRESS_NAME)
    assert len(figures["curve"]["train"]) == 3
    assert_same(train(tmp_path), uninterrupted)


def test_no_pickle(uninterrupted: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dump", "dumps", "load", "loads", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)
    with pytest.raises(KilledError):
        train(tmp_path, kill_after=2)
    assert_same(train(tmp_path), uninterrupted)
    arrays = read_params(tmp_path / PROGRESS_NAME)  # plain arrays to the last byte
    assert json.loads(arrays["figures"].tobytes())["updates"] > 0


@pytest.fixture(scope="module")
def progress(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("killed")
    with pytest.raises(KilledError):
        train(folder, kill_after=2)
    return (folder / PROGRESS_NAME).read_bytes()


@pytest.fixture
def killed(progress: bytes, tmp_path: Path) -> Path:
    path = tmp_path / PROGRESS_NAME
    path.write_bytes(progress)
    return path


@pytest.mark.parametrize("option", [{"seed": 1}, {"alpha": 0.4}, {"learning_rate": 0.2}])
def test_progress_of_another_configuration(killed: Path, option: dict[str, float]) -> None:
    config = replace(CONFIG, **option)  # type: ignore[arg-type]
    net = build_network(config, 2)
    with pytest.raises(CheckpointError, match="another configuration"):
        train_windows(net, windows(0), windows(1), config, killed.parent)


@pytest.mark.parametrize("length", [0, 10, 200, -1])
def test_progress_that_was_cut(killed: Path, length: int) -> None:
    killed.write_bytes(killed.read_bytes()[:length])
    with pytest.raises(CheckpointError):
        train(killed.parent)


def test_progress_that_is_a_text(killed: Path) -> None:
    killed.write_text("not a .params file at all")
    with pytest.raises(CheckpointError):
        train(killed.parent)


FIGURES = {
    "none": None,
    "not JSON": b"{",
    "not text": b"\xff\xfe",
    "not an object": b"[]",
    "an empty object": b"{}",
}


@pytest.mark.parametrize("case", FIGURES)
def test_progress_without_figures(killed: Path, case: str) -> None:
    arrays = {name: to_nd(value) for name, value in read_params(killed).items()}
    del arrays["figures"]
    text = FIGURES[case]
    if text is not None:
        arrays["figures"] = to_nd(np.frombuffer(text, np.uint8))
    mx.nd.save(str(killed), arrays)
    with pytest.raises(CheckpointError):
        train(killed.parent)


@pytest.mark.parametrize("missing", ["net/dense.bias", "best/dense.bias", "adam/0.mean", "curve"])
def test_progress_with_a_part_missing(killed: Path, missing: str) -> None:
    arrays, figures = load_progress(killed)
    arrays.pop(missing, None)
    figures.pop(missing, None)
    save_progress(killed, arrays, figures)
    with pytest.raises(CheckpointError):
        train(killed.parent)


def test_progress_of_other_series(killed: Path) -> None:
    net = build_network(CONFIG, 2)
    with pytest.raises(CheckpointError, match="another series"):
        train_windows(net, windows(5), windows(1), CONFIG, killed.parent)
