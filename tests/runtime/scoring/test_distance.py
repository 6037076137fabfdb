"""The Mahalanobis distance and the window rule, from their definitions."""

import numpy as np
import pytest
from sklearn.covariance import shrunk_covariance

from stillwatch.runtime.alarms.thresholds import (
    SIGMAS,
    WindowThreshold,
    pick_sigmas,
    window_threshold,
)
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.distance import fit_mahalanobis

SHRINKAGE = 0.03
# Double precision, over inverses of matrices with condition numbers of some thousands.
DOUBLE_PRECISION = 1e-9


def features_of(rows: int, count: int, seed: int = 0) -> Float64:
    generator = np.random.default_rng([seed, rows, count])
    mixed = generator.normal(size=(rows, count)) @ generator.normal(size=(count, count))
    features: Float64 = mixed * generator.uniform(0.1, 3, count) + generator.normal(size=count)
    return features


def distances(features: Float64, normal: Float64) -> Float64:
    """The definition: (f - mu)^T Sigma^-1 (f - mu), Sigma with the mean variance added."""
    mean, sigma = normal.mean(axis=0), np.atleast_2d(np.cov(normal.T, bias=True))
    sigma = sigma + SHRINKAGE * np.diag(sigma).mean() * np.eye(len(sigma))
    inverse = np.linalg.inv(sigma)
    return np.array([(f - mean) @ inverse @ (f - mean) for f in features])


@pytest.mark.parametrize(("rows", "count"), [(500, 6), (60, 1), (9, 24)], ids=str)
def test_distance_is_its_definition(rows: int, count: int) -> None:
    normal, other = features_of(rows, count), features_of(40, count, seed=1)
    found = fit_mahalanobis(normal, SHRINKAGE).score(other)
    np.testing.assert_allclose(found, distances(other, normal), rtol=DOUBLE_PRECISION)


@pytest.mark.parametrize("rows", [500, 9])
def test_covariance_is_scikit_learns(rows: int) -> None:
    normal = features_of(rows, 12)
    # scikit-learn's weights add up to one: (1 - s) Sigma + s average; ours is Sigma + k average.
    share = SHRINKAGE / (1 + SHRINKAGE)
    sigma = (1 + SHRINKAGE) * shrunk_covariance(np.cov(normal.T, bias=True), share)
    fitted = fit_mahalanobis(normal, SHRINKAGE)
    precision = fitted.whitening @ fitted.whitening.T
    np.testing.assert_allclose(precision @ sigma, np.eye(12), atol=DOUBLE_PRECISION)
    np.testing.assert_allclose(fitted.mean, normal.mean(axis=0), rtol=DOUBLE_PRECISION)
    assert fitted.condition == pytest.approx(np.linalg.cond(sigma), rel=1e-6)


def test_constant_feature_still_counts_when_it_moves() -> None:
    normal = features_of(300, 4)
    normal[:, 2] = 7
    fitted = fit_mahalanobis(normal, SHRINKAGE)
    at_rest = normal.mean(axis=0)
    moved = at_rest + np.array([0, 0, 1, 0])
    average = np.var(normal, axis=0).mean()
    assert fitted.score(at_rest) == pytest.approx(0, abs=1e-9)
    assert fitted.score(moved) == pytest.approx(1 / (SHRINKAGE * average), rel=1e-6)


def test_features_that_never_vary_at_all() -> None:
    fitted = fit_mahalanobis(np.full((20, 3), 2.0), SHRINKAGE)
    assert fitted.condition == 1
    assert fitted.score(np.array([2.0, 3.0, 4.0])) == pytest.approx(5)


def test_scores_keep_the_leading_axes() -> None:
    normal = features_of(50, 3)
    fitted = fit_mahalanobis(normal, SHRINKAGE)
    batch = normal[:48].reshape(4, 12, 3)
    np.testing.assert_allclose(fitted.score(batch).ravel(), fitted.score(normal[:48]))


def called_share(scores: Float64, rule: WindowThreshold, count: int, window: int) -> float:
    starts = range(0, len(scores) - window + 1, 10)
    counts = [int((scores[i : i + window] > rule.value).sum()) for i in starts]
    assert len(counts) == rule.windows
    return sum(above > count for above in counts) / len(counts)


def bursts(seed: int) -> Float64:
    """Scores that are high for a while, as real ones are."""
    generator = np.random.default_rng(seed)
    slow = np.convolve(generator.normal(size=3100), np.ones(40) / 6, "valid")
    scores: Float64 = np.square(slow + generator.normal(0, 0.5, slow.size))
    return scores


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_window_rule_keeps_its_rate_with_the_smallest_count(seed: int, rate: float) -> None:
    scores, window = bursts(seed), 50
    rule = window_threshold(scores, window, rate)
    assert rule.value == np.quantile(scores, 1 - rate)
    assert rule.rate == rate
    by_count = [called_share(scores, rule, count, window) for count in range(window + 1)]
    smallest = next(count for count, share in enumerate(by_count) if share <= rate)
    assert rule.count == smallest > 0


def test_window_rule_of_scores_that_are_all_alike() -> None:
    rule = window_threshold(np.full(300, 2.0), 100, 0.01)
    assert (rule.value, rule.count) == (2.0, 0)


def test_window_rule_says_itself() -> None:
    rule = window_threshold(bursts(0), 50, 0.01)
    said = f"0.99 quantile of normal scores, in windows with more than {rule.count} above it"
    assert rule.rule == said


@pytest.mark.parametrize(
    ("above", "expected"), [(0.0, 2.0), (2.1, 2.25), (2.9, 3.0), (3.99, 4.0), (50.0, 4.0)]
)
def test_sigmas_are_the_fewest_that_validation_scores_allow(above: float, expected: float) -> None:
    scores = np.tile([1.0, 3.0], 500)  # mean 2, deviation 1
    validation = np.r_[np.full(980, 2.0), np.full(20, 2.0 + above)]
    assert pick_sigmas(scores, validation, 0.01) == expected
    assert pick_sigmas(scores, validation, 0.02) == 2.0
    assert pick_sigmas(scores, validation[:0], 0.01) == SIGMAS[-1]
