"""The sensor recipe: what it trains on, what it refuses, and that seed and data decide the rest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.sensor_config import CONFIG, recording, rows

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.data.tables.recording import split_rows
from stillwatch.train.families.sensor.recipe import (
    build_network,
    held_out,
    load_network,
    train_sensor,
)
from stillwatch.train.loop.epochs import PROGRESS_NAME, Epoch
from stillwatch.train.loop.fit import to_nd
from stillwatch.train.loop.resume import load_progress


def weights_in(folder: Path) -> bytes:
    return (folder / "model.params").read_bytes()


def test_seed_gives_the_same_weights_twice(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        train_sensor(recording(), replace(CONFIG, seed=seed), tmp_path / name, progress=False)
    assert weights_in(tmp_path / "one") == weights_in(tmp_path / "again")
    assert weights_in(tmp_path / "one") != weights_in(tmp_path / "other")


class KilledError(Exception):
    pass


def test_killed_run_resumes_with_the_same_outcome(tmp_path: Path) -> None:
    whole = train_sensor(recording(), CONFIG, tmp_path / "whole", progress=False)

    def kill(epoch: Epoch) -> None:
        if epoch.number in (2, 4):
            raise KilledError

    for _ in range(2):
        with pytest.raises(KilledError):
            train_sensor(recording(), CONFIG, tmp_path / "killed", progress=False, after_epoch=kill)
    assert not (tmp_path / "killed" / "model.params").exists()
    found = train_sensor(recording(), CONFIG, tmp_path / "killed", progress=False)
    assert found.curve == whole.curve
    assert weights_in(tmp_path / "killed") == weights_in(tmp_path / "whole")


def test_run_killed_between_its_last_two_files_is_gone_on_with(tmp_path: Path) -> None:
    train_sensor(recording(rows()), CONFIG, tmp_path, progress=False)
    weights = weights_in(tmp_path)
    (tmp_path / "checkpoint.json").unlink()
    train_sensor(recording(rows()), CONFIG, tmp_path, progress=False)
    assert weights_in(tmp_path) == weights


def test_dropout_is_for_training_alone(tmp_path: Path) -> None:
    """It has another mask at every call, and none when the network is asked."""
    net = build_network(replace(CONFIG, dropout=0.5), 3)
    values = to_nd(rows(8)[:, None].astype(np.float32))
    asked = [net(values).asnumpy() for _ in range(2)]
    with mx.autograd.record():
        trained = [net(values).asnumpy() for _ in range(2)]
    np.testing.assert_array_equal(asked[0], asked[1])
    assert (trained[0] != trained[1]).any()
    assert (trained[0] != asked[0]).any()
    curves = {}
    for dropout in (0.0, 0.5):
        folder = tmp_path / str(dropout)
        config = replace(CONFIG, dropout=dropout)
        curves[dropout] = train_sensor(recording(), config, folder, progress=False).curve
    assert curves[0.0] != curves[0.5]


def test_gradient_is_that_of_the_loss() -> None:
    """The states handed over carry a gradient too; by central differences along a direction."""
    mx.random.seed(1)
    net = build_network(replace(CONFIG, layers=3, dropout=0.0), 3)
    net.initialize(mx.init.Normal(0.5), force_reinit=True)
    values = to_nd(rows(8)[:, None].astype(np.float32))

    def loss() -> mx.nd.NDArray:
        return mx.nd.sum(mx.nd.square(net(values) - values))

    with mx.autograd.record():
        recorded = loss()
    recorded.backward()
    for number, (name, parameter) in enumerate(net._collect_params_with_prefix().items()):
        weight, gradient = parameter.data().asnumpy(), parameter.grad().asnumpy()
        direction = np.sign(gradient).astype(np.float32)
        found = {}
        for step in (-1e-2, 1e-2):
            parameter.set_data(to_nd(weight + np.float32(step) * direction))
            found[step] = float(loss().asscalar())
        parameter.set_data(to_nd(weight))
        slope = (found[1e-2] - found[-1e-2]) / 2e-2
        # The third derivative over a step of 0.01, and single precision in the loss.
        assert slope == pytest.approx(np.abs(gradient).sum(), rel=0.02), (number, name)


def test_held_out_rows_are_never_seen(tmp_path: Path) -> None:
    values = rows()
    rest = held_out(recording(values))
    np.testing.assert_array_equal(rest, values[140:])
    train_sensor(recording(values), CONFIG, tmp_path / "one", progress=False)
    other = values.copy()
    other[140:] += 100
    found = train_sensor(recording(other), CONFIG, tmp_path / "other", progress=False)
    assert weights_in(tmp_path / "one") == weights_in(tmp_path / "other")
    np.testing.assert_allclose(found.mean, values[:140].mean(axis=0))
    np.testing.assert_allclose(found.scale, values[:140].std(axis=0))
    other[0] += 1
    train_sensor(recording(other), CONFIG, tmp_path / "third", progress=False)
    assert weights_in(tmp_path / "one") != weights_in(tmp_path / "third")


def test_no_window_reaches_over_a_gap(tmp_path: Path) -> None:
    """With segments of 9 rows and windows of 8 by steps of 2, each segment gives one window."""
    segments = [rows(9, seed) for seed in range(20)]
    train_sensor(recording(*segments), CONFIG, tmp_path, progress=False)
    _, figures = load_progress(tmp_path / PROGRESS_NAME)
    batches = -(-14 // CONFIG.batch)  # 126 rows train and validate: 14 segments
    assert figures["updates"] == CONFIG.epochs * batches


@pytest.mark.parametrize("row", [-1, 0, 1, 3, 4, 5, 9])
def test_split_rows(row: int) -> None:
    whole = np.arange(9)[:, None]
    before, after = split_rows([whole[:3], whole[3:4], whole[4:]], row)
    assert all(map(len, (*before, *after)))
    joined: AnyArray = np.concatenate([*before, *after])
    np.testing.assert_array_equal(joined, whole)
    assert sum(map(len, before)) == max(0, row)


def test_run_that_is_done_is_read_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train_sensor(recording(), CONFIG, tmp_path, progress=False)
    monkeypatch.setattr("stillwatch.train.families.sensor.recipe.train_with_early_stopping", None)
    assert train_sensor(recording(), CONFIG, tmp_path, progress=False) == done
    with pytest.raises(InputError, match="another configuration"):
        train_sensor(recording(), replace(CONFIG, seed=1), tmp_path, progress=False)
    with pytest.raises(InputError, match="another series"):
        train_sensor(recording(rows(seed=1)), CONFIG, tmp_path, progress=False)


def test_checkpoint_that_loads(tmp_path: Path) -> None:
    found = train_sensor(recording(), CONFIG, tmp_path, progress=False)
    lstm = 4 * 4 * (3 + 4 + 2) + 3 * 4 * 4 * (4 + 4 + 2)
    assert found.parameters == lstm + 3 * (4 + 1)
    values = to_nd(rows(8)[:, None].astype(np.float32))
    assert load_network(tmp_path)(values).shape == (8, 1, 3)
    _, figures = load_progress(tmp_path / PROGRESS_NAME)
    assert figures["curve"] == found.curve


@pytest.mark.parametrize("count", [0, 1, 7, 20, 57])
def test_series_too_short_for_its_windows(tmp_path: Path, count: int) -> None:
    with pytest.raises(InputError, match="expected at least 58 rows for windows of 8") as caught:
        train_sensor(recording(rows(count)), CONFIG, tmp_path / "run", progress=False)
    assert f"has {count}" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_shortest_series_that_serves(tmp_path: Path) -> None:
    train_sensor(recording(rows(58)), CONFIG, tmp_path, progress=False)


def test_segments_too_short_for_a_window(tmp_path: Path) -> None:
    segments = [rows(7, seed) for seed in range(20)]
    with pytest.raises(InputError, match="several windows of 8 rows"):
        train_sensor(recording(*segments), CONFIG, tmp_path, progress=False)
