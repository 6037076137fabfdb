"""Training: repeatable to the bit, masked and scaled as the recipe says, calibrated as it says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stillwatch.export.families.table import reconstruction
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.checkpoint import PARAMS_NAME, Checkpoint, load_checkpoint
from stillwatch.train.data.sets import LabelledSeries, simulate_cpu
from stillwatch.train.families.nab_rds import sequences
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.nab_rds.network import NabRds
from stillwatch.train.families.nab_rds.recipe import load_network, reconstruct, train_nab_rds

# MXNet's own call, not ours; test_mxnet_compat.py holds training to no warning at all.

SERIES = simulate_cpu(3, days=4)
QUICK = NabRdsConfig(epochs=2, scaling=("series", "trained", "rolling(100)"))

# Gluon computes in single precision, the reference in double: 6e-8 a step, over 48 of them.
SINGLE_PRECISION = 1e-5


def train(folder: Path, series: LabelledSeries = SERIES, **options: object) -> Checkpoint:
    config = replace(QUICK, **options)  # type: ignore[arg-type]
    return train_nab_rds(series, config, folder, progress=False)


def params(folder: Path) -> bytes:
    return (folder / PARAMS_NAME).read_bytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train(folder)
    return folder


def test_same_seed_same_bytes(trained: Path, tmp_path: Path) -> None:
    train(tmp_path)
    assert params(tmp_path) == params(trained)
    written = [(folder / "checkpoint.json").read_bytes() for folder in (tmp_path, trained)]
    assert written[0] == written[1]


def test_other_seed_other_weights(trained: Path, tmp_path: Path) -> None:
    train(tmp_path, seed=1)
    assert params(tmp_path) != params(trained)


@pytest.mark.parametrize("option", [{"epochs": 1}, {"learning_rate": 0.02}, {"optimizer": "adam"}])
def test_options_reach_the_optimizer(
    trained: Path, tmp_path: Path, option: dict[str, object]
) -> None:
    train(tmp_path, **option)
    assert params(tmp_path) != params(trained)


def test_18_parameters(trained: Path) -> None:
    checkpoint, weights = load_checkpoint(trained)
    net = load_network(trained)
    by_gluon = sum(p.data().size for p in net.collect_params().values())
    assert checkpoint.parameters == by_gluon == sum(w.size for w in weights.values()) == 18


def test_parameters_of_five_units(tmp_path: Path) -> None:
    assert train(tmp_path, units=5, epochs=1).parameters == 4 * 5 * (1 + 5 + 2) + 5 + 1


def test_saved_network_is_the_checkpoints(trained: Path) -> None:
    checkpoint, weights = load_checkpoint(trained)
    scaled = np.random.default_rng(0).normal(0, 1, (130, 1)).astype(np.float32)
    by_gluon = reconstruct(load_network(trained), scaled, checkpoint.config)
    expected = reconstruction(checkpoint, weights, scaled.astype(np.float64))
    np.testing.assert_allclose(by_gluon, expected, rtol=0, atol=SINGLE_PRECISION)


def test_masked_gives_last_normal_value() -> None:
    values = np.array([5.0, 1.0, 2.0, 9.0, 8.0, 3.0, 7.0])
    labels = np.array([True, False, False, True, True, False, True])
    series = LabelledSeries("made up", SERIES.timestamps[:7], values, labels, ())
    np.testing.assert_array_equal(series.masked(), [1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0])
    np.testing.assert_array_equal(series.values, [5.0, 1.0, 2.0, 9.0, 8.0, 3.0, 7.0])


def test_masked_changes_labelled_points_only() -> None:
    masked, at = SERIES.masked(), np.flatnonzero(SERIES.labels)
    np.testing.assert_array_equal(np.flatnonzero(masked != SERIES.values), at)
    np.testing.assert_array_equal(masked[at], SERIES.values[at - 1])


def test_normal_segments_end_where_labelled_windows_begin() -> None:
    windows = ((2, 3), (6, 8), (11, 12))
    series = replace(SERIES, values=np.arange(13.0), windows=windows)
    inside = [2, 3, 6, 7, 8, 11, 12]
    np.testing.assert_array_equal(np.flatnonzero(series.in_windows()), inside)
    for end, expected in ((13, [[0, 1], [4, 5], [9, 10]]), (10, [[0, 1], [4, 5], [9]])):
        found = series.normal_segments(end)
        assert [part[:, 0].tolist() for part in found] == expected


def test_scaler_is_fit_on_masked_series(trained: Path, tmp_path: Path) -> None:
    checkpoint, _ = load_checkpoint(trained)
    bare = train(tmp_path, masked=False, epochs=1)
    for one, values in ((checkpoint, SERIES.masked()), (bare, SERIES.values)):
        assert one.mean == pytest.approx([values.mean()], rel=1e-12)
        assert one.scale == pytest.approx([values.std()], rel=1e-12)
    assert bare.scale[0] > 1.01 * checkpoint.scale[0]


def test_loss_falls(tmp_path: Path) -> None:
    curve = train(tmp_path, epochs=3).curve
    assert set(curve) == {"train", "validation"}
    for losses in curve.values():
        assert len(losses) == 3
        assert losses[0] > losses[1] > losses[2] > 0


def test_validation_loss_is_half_squared_error(trained: Path) -> None:
    checkpoint, weights = load_checkpoint(trained)
    scaled = (SERIES.masked()[:, None] - checkpoint.mean) / checkpoint.scale
    held_out = scaled[int(0.8 * len(scaled)) :]  # windows begin anew at the split
    halves = (held_out - reconstruction(checkpoint, weights, held_out)) ** 2 / 2
    assert checkpoint.curve["validation"][-1] == pytest.approx(halves.mean(), rel=1e-4)


def scaled_under(policy: str, values: Float64) -> Float64:
    if policy != "rolling(100)":
        return (values - values.mean()) / values.std()
    before = [values[i - 100 : i] for i in range(100, len(values))]
    return np.array([(v - b.mean()) / b.std() for v, b in zip(values[100:], before, strict=True)])


@pytest.mark.parametrize("policy", QUICK.scaling)
def test_threshold_from_its_definition(trained: Path, policy: str) -> None:
    checkpoint, weights = load_checkpoint(trained)
    scaled = scaled_under(policy, SERIES.masked())[:, None]
    scores = (scaled - reconstruction(checkpoint, weights, scaled))[:, 0] ** 2
    mean = sum(scores) / len(scores)
    deviation = (sum((scores - mean) ** 2) / len(scores)) ** 0.5
    threshold = checkpoint.calibrations[policy].threshold
    assert threshold.count == len(scores)
    assert threshold.value == pytest.approx(mean + 3 * deviation, rel=1e-4)
    largest = checkpoint.calibrations[policy].error_quantiles["1"]
    assert largest == pytest.approx(scores.max(), rel=1e-4)


def test_sigmas_move_the_threshold(trained: Path, tmp_path: Path) -> None:
    at_three = load_checkpoint(trained)[0].calibrations["trained"].threshold
    at_two = train(tmp_path, sigmas=2.0).calibrations["trained"].threshold
    assert at_three.value - at_two.value == pytest.approx(at_three.deviation, rel=1e-9)


class FixedScaler:
    """Scales all series alike, so that a series' end cannot reach its beginning."""

    mean_, scale_ = np.array([18.0]), np.array([3.0])

    def fit(self, _values: Float64) -> "FixedScaler":
        return self

    def transform(self, values: Float64) -> Float64:
        return (values - self.mean_) / self.scale_


@pytest.mark.parametrize(("row", "same"), [(0, False), (-1, True), ("split", True)])
def test_validation_never_moves_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: int | str, same: bool
) -> None:
    monkeypatch.setattr(sequences, "StandardScaler", FixedScaler)
    values = SERIES.values.copy()
    values[int(0.8 * len(values)) if row == "split" else int(row)] += 5.0
    train(tmp_path / "a")
    train(tmp_path / "b", replace(SERIES, values=values))
    assert (params(tmp_path / "a") == params(tmp_path / "b")) is same


def first(rows: int) -> LabelledSeries:
    return LabelledSeries(
        "cut", SERIES.timestamps[:rows], SERIES.values[:rows], SERIES.labels[:rows], ()
    )


@pytest.mark.parametrize(
    ("rows", "policy"), [(95, "trained"), (100, "rolling(100)"), (30, "series")]
)
def test_too_short(tmp_path: Path, rows: int, policy: str) -> None:
    with pytest.raises(InputError, match=rf"at least \d+ training rows, got {rows}"):
        train(tmp_path / "out", first(rows), scaling=(policy,))
    assert not (tmp_path / "out").exists()


def test_shortest_that_trains(tmp_path: Path) -> None:
    checkpoint = train(tmp_path, first(101), scaling=("rolling(100)",))
    assert checkpoint.calibrations["rolling(100)"].threshold.count == 1


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(InputError, match="taken"):
        train(tmp_path / "taken" / "out", epochs=1)
    with pytest.raises(InputError, match="taken"):
        train(tmp_path / "taken", epochs=1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("units", [1, 64])  # 1: MXNet loses its buffer in silence; 64: it raises
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, units: int) -> None:
    save = NabRds.save_parameters
    monkeypatch.setattr(NabRds, "save_parameters", lambda net, _path: save(net, "/dev/full"))
    with pytest.raises(InputError) as caught:
        train(tmp_path, first(200), units=units, epochs=1)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
