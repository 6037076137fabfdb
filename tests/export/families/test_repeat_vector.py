"""The repeat-vector family: its size by Gluon itself, and its capsule against MXNet and NumPy.

Weights are random and distinct: with constant ones, gates in a wrong order agree.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.checkpoints import save
from support.repeat_vectors import (
    RECONSTRUCTION_TOLERANCE,
    detector_of,
    make_capsule,
    make_checkpoint,
    random_weights,
)

from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.families import table
from stillwatch.export.families.repeat_vector import expected_shapes, network_of, reconstruct
from stillwatch.export.graph import lstm
from stillwatch.export.graph.lstm import Weights
from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.repeat_vector.distillation import build_network, train_windows
from stillwatch.train.families.repeat_vector.recipe import load_network
from stillwatch.train.loop.fit import count_parameters, to_nd
from stillwatch.train.loop.window_set import WindowSet

# One window, and one with a rest of 50 rows, which the overlapping last window answers for.
LENGTHS = (100, 250)
WINDOW = 100
UNITS, JOINT_CHANNELS = 5, 3  # unlike each other: a transposed weight does not fit
MODES = ("independent", "joint")
FAMILY = [(layers, channels) for layers in (1, 2, 3) for channels in MODES]

PUBLISHED = {(200, 2): 1_124_201, (200, 1): 482_601}
SMALLER = {(64, 1): 49_985, (32, 1): 12_705, (16, 1): 3_281, (8, 1): 873}


class Made:
    """A network of random weights: as NumPy, as Gluon, and as a capsule."""

    def __init__(self, folder: Path, layers: int, channels: str) -> None:
        self.config = RepeatVectorConfig(units=UNITS, layers=layers, channels=channels)
        self.checkpoint = make_checkpoint(self.config, JOINT_CHANNELS)
        self.weights = random_weights(self.config, JOINT_CHANNELS, seed=layers)
        self.network = network_of(self.config, self.weights)
        self.detector = detector_of(build_uncalibrated(self.checkpoint, self.weights))
        self._folder = save(folder, self.checkpoint, self.weights)

    def by_gluon(self, window: Float64) -> AnyArray:
        """The reconstruction of one scaled window (T, C) by MXNet itself."""
        fed: Float32 = window[:, None].astype(np.float32)  # (T, 1, C)
        if self.config.channels == "independent":
            fed = fed.transpose(0, 2, 1)  # (T, C, 1)
        out: AnyArray = load_network(self._folder)(to_nd(fed)).asnumpy()
        return out.reshape(window.shape)

    def by_numpy(self, window: Float64) -> AnyArray:
        return reconstruct(self.config, self.network, window)


@pytest.fixture(scope="module", params=FAMILY, ids=lambda case: f"{case[0]}-{case[1]}")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"), *request.param)


def scaled_rows(length: int) -> Float64:
    values = np.random.default_rng(length).normal(0, 1.5, (length, JOINT_CHANNELS))
    return values.astype(np.float32).astype(np.float64)


def window_by_window(reconstruct: Callable[[Float64], AnyArray], values: Float64) -> AnyArray:
    parts = [
        reconstruct(values[i : i + WINDOW]) for i in range(0, len(values) - WINDOW + 1, WINDOW)
    ]
    rest = len(values) % WINDOW
    if rest:
        parts.append(reconstruct(values[-WINDOW:])[-rest:])
    return np.concatenate(parts)


@pytest.mark.parametrize(("size", "count"), (PUBLISHED | SMALLER).items())
def test_parameters_counted_by_gluon(size: tuple[int, int], count: int) -> None:
    net = build_network(RepeatVectorConfig(units=size[0], layers=size[1]), channels=38)
    trained = [p for p in net.collect_params().values() if p.grad_req != "null"]
    assert sum(p.data().size for p in trained) == count_parameters(net) == count
    assert sum(p.grad().size for p in trained) == count


def test_second_bias_is_not_counted_and_stays_zero(tmp_path: Path) -> None:
    config = RepeatVectorConfig(units=3, layers=2, window=8, step=2, epochs=3, learning_rate=0.05)
    series = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    windows = WindowSet([series], window=8, step=2, channels="independent")
    net = build_network(config, channels=2)
    named = net._collect_params_with_prefix()
    before = {name: parameter.data().asnumpy() for name, parameter in named.items()}
    train_windows(net, windows, windows, config, tmp_path)
    second = {name for name in named if name.endswith("h2h_bias")}
    assert len(second) == 4
    everything = sum(value.size for value in before.values())
    assert count_parameters(net) == everything - sum(before[name].size for name in second)
    for name, parameter in named.items():
        moved = parameter.data().asnumpy() != before[name]
        assert moved.any() != (name in second), name
        if name in second:
            assert not parameter.data().asnumpy().any()


def test_parameter_names_and_shapes_are_gluons(made: Made) -> None:
    net = build_network(made.config, JOINT_CHANNELS)
    shapes = {name: p.shape for name, p in net._collect_params_with_prefix().items()}
    assert shapes == expected_shapes(made.config, JOINT_CHANNELS)


@pytest.mark.parametrize("length", LENGTHS)
def test_capsule_equals_gluon_and_numpy(made: Made, length: int) -> None:
    values = scaled_rows(length)
    found = made.detector.score(values)
    for by_other in (made.by_gluon, made.by_numpy):
        expected = window_by_window(by_other, values)
        assert np.ptp(expected, axis=0).min() > 0.01  # a network that answers, not a constant
        for name, figures in (("reconstruction", expected), ("error", np.abs(values - expected))):
            np.testing.assert_allclose(
                getattr(found, name), figures, rtol=0, atol=RECONSTRUCTION_TOLERANCE
            )


def test_reconstruction_is_in_the_sensors_units(made: Made) -> None:
    values, mean, scale = scaled_rows(100), np.array([4.0, -2.0, 0.5]), np.array([2.0, 0.25, 3.0])
    raw = made.detector.score(values * scale + mean, mean=mean, scale=scale)
    plain = made.detector.score(values)
    in_scaled_units = (raw.reconstruction - mean) / scale
    np.testing.assert_allclose(
        in_scaled_units, plain.reconstruction, rtol=0, atol=RECONSTRUCTION_TOLERANCE
    )
    np.testing.assert_allclose(raw.error, plain.error, rtol=0, atol=RECONSTRUCTION_TOLERANCE)


def graph_reconstruction(made: Made, values: Float64) -> AnyArray:
    """What the graph says of (N, T, C) in one call."""
    feed = {"values": values.astype(np.float32)}
    out: AnyArray = made.detector.session.run(["reconstruction"], feed)[0]
    return out


@pytest.mark.parametrize("length", [1, 7, 99, 100, 101, 250])
def test_graph_equals_numpy_at_every_length(made: Made, length: int) -> None:
    values = scaled_rows(length)
    np.testing.assert_allclose(
        graph_reconstruction(made, values[None])[0],
        made.by_numpy(values),  # a rest is a window of its own length here
        rtol=0,
        atol=RECONSTRUCTION_TOLERANCE,
    )


def test_windows_of_one_call_equal_one_at_a_time(made: Made) -> None:
    values = scaled_rows(300)
    alone = [graph_reconstruction(made, part[None])[0] for part in np.split(values, 3)]
    np.testing.assert_allclose(
        graph_reconstruction(made, values[None])[0],
        np.concatenate(alone),
        rtol=0,
        atol=RECONSTRUCTION_TOLERANCE,
    )


def test_batch_equals_one_at_a_time(made: Made) -> None:
    batch = np.stack([scaled_rows(length)[:130] for length in (130, 150, 170)])
    whole = made.detector.score(batch)
    in_one_call = graph_reconstruction(made, batch)
    for number, values in enumerate(batch):
        alone = made.detector.score(values)
        for name in ("score", "alarm", "reconstruction", "error"):
            np.testing.assert_array_equal(getattr(whole, name)[number], getattr(alone, name))
        expected = made.by_numpy(values)
        np.testing.assert_allclose(
            in_one_call[number], expected, rtol=0, atol=RECONSTRUCTION_TOLERANCE
        )


def test_golden_replay_passes(made: Made) -> None:
    assert replay(made.detector).passed


def test_wrong_gate_order_is_caught(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lstm, "_reordered", lambda gluon: gluon)
    found = replay(detector_of(build_uncalibrated(made.checkpoint, made.weights)))
    assert not found.passed
    assert found.reconstruction > 1000 * found.tolerance


@pytest.mark.parametrize("block", ["encoder", "decoder"])
def test_swapped_layers_are_caught(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = table.FAMILIES["repeat-vector"]
    right = family.graph

    def swapped(config: RepeatVectorConfig, weights: Weights, *rest: object, **options: object):  # type: ignore[no-untyped-def]
        first, second, third = getattr(weights, block)
        layers = {**vars(weights), block: (first, third, second)}
        return right(config, Weights(**layers), *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setitem(table.FAMILIES, "repeat-vector", replace(family, graph=swapped))
    found = replay(detector_of(make_capsule(RepeatVectorConfig(units=UNITS, layers=3), 2)))
    assert not found.passed
    assert found.reconstruction > 100 * found.tolerance
