"""Training towards a teacher: equation (2) from its definition, and the habits around it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.waves import CHANNELS, CONFIG, waves, windows_of

from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.repeat_vector.distillation import build_network, train_windows
from stillwatch.train.families.repeat_vector.network import RepeatVector
from stillwatch.train.loop import epochs
from stillwatch.train.loop.epochs import PROGRESS_NAME, Epoch, Telling
from stillwatch.train.loop.one_pass import reconstruct_all
from stillwatch.train.loop.resume import load_progress
from stillwatch.train.loop.window_set import WindowSet

# Losses are means in single precision, 6e-8 each, of a few hundred terms.
SINGLE_PRECISION = 1e-5
STILL = 1e-12  # a learning rate that leaves the weights where they are, to the last bit or so


def samples(windows: WindowSet) -> AnyArray:
    return windows.batch(np.arange(len(windows)))


def weights(net: RepeatVector) -> dict[str, AnyArray]:
    return {n: p.data().asnumpy() for n, p in net._collect_params_with_prefix().items()}


@pytest.fixture(scope="module")
def teacher() -> RepeatVector:
    return build_network(replace(CONFIG, units=6, layers=2, seed=9), CHANNELS)


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What training calls `backward` on, batch by batch."""
    found: list[float] = []
    backward = mx.nd.NDArray.backward

    def noted(loss: mx.nd.NDArray, *arguments: object, **options: object) -> object:
        found.append(float(loss.asscalar()))
        return backward(loss, *arguments, **options)

    monkeypatch.setattr(mx.nd.NDArray, "backward", noted)
    return found


@pytest.mark.parametrize("channels", ["independent", "joint"])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("alpha", [0.0, 0.35, 1.0])
def test_loss_is_equation_two(
    alpha: float, temperature: float, channels: str, losses: list[float], tmp_path: Path
) -> None:
    config = replace(
        CONFIG, alpha=alpha, temperature=temperature, channels=channels, learning_rate=STILL,
        epochs=2,
    )  # fmt: skip
    windows = windows_of(waves(), config)
    student = build_network(config, CHANNELS)
    taught_by = build_network(replace(config, units=6, layers=2, seed=9), CHANNELS)
    x, x_s, x_t = samples(windows), *(reconstruct_all(n, windows) for n in (student, taught_by))
    curve = train_windows(student, windows, windows, config, tmp_path, teacher=taught_by)
    batches = []
    for epoch in range(config.epochs):
        order = np.random.default_rng([config.seed, epoch]).permutation(len(windows))
        batches += [order[i : i + config.batch] for i in range(0, len(order), config.batch)]
    expected = [
        (1 - alpha) * np.mean((x_s[:, b] - x[:, b]) ** 2)
        + alpha * np.mean((x_s[:, b] - x_t[:, b]) ** 2) / temperature**2
        for b in batches
    ]
    assert len(batches) > 4
    assert len(batches[-1]) < config.batch  # and so the mean must be weighted
    assert losses == pytest.approx(expected, rel=SINGLE_PRECISION)
    # The curves tell of the input alone, whatever the teacher's share.
    assert curve["train"] == pytest.approx([np.mean((x_s - x) ** 2)] * 2, rel=SINGLE_PRECISION)
    assert curve["validation"] == pytest.approx(curve["train"], rel=SINGLE_PRECISION)


def test_all_teacher_learns_the_teacher_and_not_the_input(
    teacher: RepeatVector, tmp_path: Path
) -> None:
    windows = windows_of(waves())
    targets, x = reconstruct_all(teacher, windows), samples(windows)
    found = {}
    for alpha in (0.0, 1.0):
        config = replace(CONFIG, alpha=alpha, epochs=25, patience=25)
        net = build_network(config, CHANNELS)
        folder = tmp_path / str(alpha)
        folder.mkdir()
        train_windows(net, windows, windows, config, folder, teacher=teacher)
        decoded = reconstruct_all(net, windows)
        found[alpha] = np.mean((decoded - targets) ** 2), np.mean((decoded - x) ** 2)
    assert found[1.0][0] < 0.5 * found[0.0][0]
    assert found[0.0][1] < found[1.0][1]


def test_teacher_is_left_as_it_was(teacher: RepeatVector, tmp_path: Path) -> None:
    before = weights(teacher)
    windows = windows_of(waves())
    config = replace(CONFIG, alpha=0.5)
    train_windows(build_network(config, CHANNELS), windows, windows, config, tmp_path,
                  teacher=teacher)  # fmt: skip
    for name, value in weights(teacher).items():
        np.testing.assert_array_equal(value, before[name])


def test_early_stopping_restores_the_best_weights(tmp_path: Path) -> None:
    training, validation = windows_of(waves()), windows_of(waves(seed=1))
    config = replace(CONFIG, epochs=60, learning_rate=0.3, patience=4)
    net = build_network(config, CHANNELS)
    curve = train_windows(net, training, validation, config, tmp_path)
    best = int(np.argmin(curve["validation"]))
    assert len(curve["validation"]) == best + 1 + config.patience < config.epochs
    x = samples(validation)
    now = np.mean((reconstruct_all(net, validation) - x) ** 2)
    assert now == pytest.approx(min(curve["validation"]), rel=SINGLE_PRECISION)
    assert now < 0.999 * curve["validation"][-1]


def canned(monkeypatch: pytest.MonkeyPatch, figures: list[float]) -> None:
    """Makes these the validation losses, in their order."""
    coming = iter(figures)
    monkeypatch.setattr(epochs, "mean_squared_error", lambda *_: next(coming))


def test_patience_counts_from_the_best_epoch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canned(monkeypatch, [5, 4, 6, 6, 3, 3, 9, 9, 1])
    config, seen = replace(CONFIG, epochs=9, patience=3), []
    net = build_network(config, CHANNELS)
    windows = windows_of(waves())
    curve = train_windows(
        net,
        windows,
        windows,
        config,
        tmp_path,
        telling=Telling(after_epoch=lambda _: seen.append(weights(net))),
    )
    assert curve["validation"] == [5, 4, 6, 6, 3, 3, 9, 9]
    for name, value in weights(net).items():
        np.testing.assert_array_equal(value, seen[4][name])
    assert any((seen[4][name] != seen[7][name]).any() for name in seen[4])


def test_learning_rate_is_halved_on_a_plateau(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canned(monkeypatch, [5, 6, 6, 6, 6, 4, 4, 4])
    config, rates = replace(CONFIG, epochs=8, patience=6), []
    windows = windows_of(waves())

    def note(_: Epoch) -> None:
        rates.append(load_progress(tmp_path / PROGRESS_NAME)[1]["learning_rate"])

    train_windows(build_network(config, CHANNELS), windows, windows, config, tmp_path,
                  telling=Telling(after_epoch=note))  # fmt: skip
    halvings = [0, 0, 1, 1, 2, 2, 2, 3]  # after every second epoch without a better one
    assert rates == [config.learning_rate / 2**n for n in halvings]


def norms_at_step(monkeypatch: pytest.MonkeyPatch, clip: float, folder: Path) -> list[float]:
    """The global norms of the gradients that the optimiser was given."""
    found: list[float] = []
    step = mx.gluon.Trainer.step

    def noted(trainer: mx.gluon.Trainer, *arguments: object, **options: object) -> object:
        gradients = [p.grad().asnumpy() for p in trainer._params if p.grad_req != "null"]
        found.append(float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients))))
        return step(trainer, *arguments, **options)

    folder.mkdir()
    config, windows = replace(CONFIG, clip=clip, epochs=1), windows_of(waves())
    with monkeypatch.context() as patch:
        patch.setattr(mx.gluon.Trainer, "step", noted)
        train_windows(build_network(config, CHANNELS), windows, windows, config, folder)
    return found


def test_gradients_are_clipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    free = norms_at_step(monkeypatch, 1e6, tmp_path / "free")
    clipped = norms_at_step(monkeypatch, 0.01, tmp_path / "clipped")
    assert min(free) > 0.02
    assert clipped == pytest.approx([0.01] * len(free), rel=1e-4)
