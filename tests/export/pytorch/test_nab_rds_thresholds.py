"""Thresholds for weights from elsewhere: those that training sets, with all that policies read."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import checkpoints
from support.answers import assert_equal, joined

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.pytorch import conversion
from stillwatch.export.pytorch.names import torch_names
from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.data.sets import simulate_cpu
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.nab_rds.recipe import train_nab_rds

CONFIG = NabRdsConfig(epochs=2, scaling=("series", "trained", "rolling(100)"))
SERIES = simulate_cpu(3, days=8)

# Gluon runs the network in single precision, the reference in double.
SINGLE_PRECISION = 1e-5


def from_elsewhere(weights: Mapping[str, AnyArray], folder: Path) -> Checkpoint:
    """The checkpoint of a state dict with these weights, which needs no PyTorch."""
    state = {torch: weights[gluon] for torch, gluon in torch_names("nab-rds", weights)}
    return conversion.from_torch(state, CONFIG, folder, normal=SERIES.masked())


def flat(document: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The figures of a nested document by the names on the way to them."""
    found = {}
    for name, value in document.items():
        path = f"{above} {name}".strip()
        found |= flat(value, path) if isinstance(value, dict) else {path: value}
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    from_elsewhere(checkpoints.random_weights(checkpoints.make_checkpoint()), folder)
    return folder


def test_they_are_those_that_training_sets(tmp_path: Path) -> None:
    trained = train_nab_rds(SERIES, CONFIG, tmp_path / "trained", progress=False)
    _, weights = load_checkpoint(tmp_path / "trained")
    found = from_elsewhere(weights, tmp_path / "made")
    assert found.mean == pytest.approx(trained.mean, rel=1e-12)
    assert found.scale == pytest.approx(trained.scale, rel=1e-12)
    assert found.calibrations.keys() == trained.calibrations.keys() == set(CONFIG.scaling)
    for policy, expected in trained.calibrations.items():
        figures, wanted = flat(asdict(found.calibrations[policy])), flat(asdict(expected))
        assert figures.pop("threshold rule") == wanted.pop("threshold rule")
        assert "normal_scores tail level" in wanted
        assert figures == pytest.approx(wanted, rel=SINGLE_PRECISION)


@pytest.mark.parametrize("policy", ["sigmas(1.5)", "sigmas(picked)", "tail(1/day,300s)"])
@pytest.mark.parametrize("scaling", ["trained", "rolling(100)"])
def test_every_policy_has_what_it_reads(made: Path, scaling: str, policy: str) -> None:
    checkpoint, weights = load_checkpoint(made)
    detector = Detector.from_bytes(build_capsule(checkpoint, weights, scaling), "made")
    values = SERIES.values.copy()
    values[700] += 60
    found = detector.score(values, threshold=policy)
    limit = np.float32(alarm_rule(policy, detector.info).value)
    np.testing.assert_array_equal(found.alarm, found.score > limit)
    assert found.alarm[700]
    assert found.alarm.mean() < 0.1
    stream = detector.stream(threshold=policy)
    assert_equal(joined([stream.extend(values[:333]), stream.extend(values[333:])]), found)


def test_deviations_are_those_of_the_normal_series_scores(made: Path) -> None:
    checkpoint, weights = load_checkpoint(made)
    detector = Detector.from_bytes(build_capsule(checkpoint, weights, "trained"), "made")
    scores = detector.score(SERIES.masked()).score.astype(np.float64)
    limit = alarm_rule("sigmas(1.5)", detector.info).value
    assert limit == pytest.approx(scores.mean() + 1.5 * scores.std(), rel=1e-4)
