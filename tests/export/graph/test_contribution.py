"""What each channel adds to a score: not negative, its sum the score, the right one first."""

import dataclasses

import numpy as np
import pytest
from support.calibrated import CONFIG, SCORE_TOLERANCE, WINDOW, calibrated
from support.detectors import changed
from support.repeat_vectors import detector_of, normal_rows, random_weights

from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.families.repeat_vector import network_of, reconstruct
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.golden_replay import replay
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import FEATURES, features

CHANNELS = 4
NORMAL = normal_rows(600, CHANNELS)
KIND = pytest.mark.parametrize("kind", FEATURES)


@KIND
def test_parts_are_not_negative_and_sum_to_the_score(kind: str) -> None:
    detector = detector_of(calibrated(NORMAL, features=kind).content)
    found = detector.score(normal_rows(200, CHANNELS, seed=1) * 2)
    assert found.contribution.shape == found.error.shape
    assert (found.contribution >= 0).all()
    np.testing.assert_allclose(found.contribution.sum(axis=1), found.score, rtol=1e-5)


@KIND
def test_parts_are_those_of_the_symmetric_root(kind: str) -> None:
    network = network_of(CONFIG, random_weights(CONFIG, 3))
    mean, scale = NORMAL.mean(axis=0), NORMAL.std(axis=0)

    def of(rows: Float64) -> Float64:
        scaled = (rows - mean) / scale
        return features(kind, scaled, reconstruct(CONFIG, network, scaled))

    at_rest = of(NORMAL)
    sigma = np.cov(at_rest.T, bias=True)
    sigma += (
        CalibrationOptions(features=kind).shrinkage * np.diag(sigma).mean() * np.eye(len(sigma))
    )
    values, vectors = np.linalg.eigh(np.linalg.inv(sigma))
    root = vectors * np.sqrt(values) @ vectors.T
    rows = normal_rows(3 * WINDOW, CHANNELS, seed=2) * 1.5
    squares = ((of(rows) - at_rest.mean(axis=0)) @ root) ** 2
    expected = sum(squares[:, start : start + CHANNELS] for start in range(0, len(sigma), CHANNELS))
    found = detector_of(calibrated(NORMAL, features=kind).content).score(rows)
    size = np.maximum(1, found.score)[:, None]
    assert (np.abs(found.contribution - expected) / size).max() < SCORE_TOLERANCE


def test_each_part_stays_with_its_own_feature() -> None:
    # Of all roots of Sigma^-1 the symmetric one: whitening twice is multiplying by Sigma^-1.
    seen = normal_rows(500, 5)
    distance = fit_mahalanobis(seen, 0.01)
    np.testing.assert_array_equal(distance.whitening.shape, (5, 5))
    np.testing.assert_allclose(distance.whitening, distance.whitening.T, atol=1e-12)
    white = (seen - distance.mean) @ distance.whitening
    own = [np.corrcoef(white[:, i], seen[:, i])[0, 1] for i in range(5)]
    others = np.abs(np.corrcoef(white.T, seen.T)[:5, 5:] - np.diag(own)).max()
    assert min(own) > others


@KIND
@pytest.mark.parametrize("channel", range(CHANNELS))
def test_a_channel_that_jumps_is_first(kind: str, channel: int) -> None:
    rows = normal_rows(3 * WINDOW, CHANNELS, seed=3)
    rows[30:34, channel] += 12 * NORMAL[:, channel].std()
    found = detector_of(calibrated(NORMAL, features=kind).content).score(rows)
    assert (found.contribution[30:34].argmax(axis=1) == channel).all()


def test_a_wrong_golden_contribution_does_not_replay() -> None:
    detector = detector_of(calibrated(NORMAL).content)
    first, *others = detector.info.golden
    assert first.contribution is not None
    swapped = tuple(row[::-1] for row in first.contribution)  # the sum stays
    wrong = (dataclasses.replace(first, contribution=swapped), *others)
    assert replay(detector).passed
    assert not replay(changed(detector, golden=wrong)).passed
