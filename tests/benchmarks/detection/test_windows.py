"""The figures of the SMD table from their definitions."""

import numpy as np
import pytest

from stillwatch.benchmarks.detection.vus import vus_pr
from stillwatch.benchmarks.detection.windows import (
    called_windows,
    evaluate,
    hit_rate,
    labelled_windows,
    oracle,
)
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.train.data.sets.smd import Incident

# What aeon 1.3.0's range_pr_vus_score says of `aeon_case`, by buffer.
AEON = {0: 0.2685110099138422, 10: 0.28288632662768315, 30: 0.341244586891876}


def aeon_case() -> tuple[Bool, Float64]:
    generator = np.random.default_rng(5)
    labels = np.zeros(400, int)
    labels[[20, 21, 22, 100]] = 1
    labels[300:340] = 1
    score = generator.normal(size=400) + labels * generator.random(400) * 2
    return labels.astype(bool), score


def labelled(length: int, *segments: tuple[int, int]) -> Bool:
    labels = np.zeros(length, bool)
    for first, end in segments:
        labels[first:end] = True
    return labels


@pytest.mark.parametrize(("buffer", "expected"), AEON.items())
def test_vus_pr_equals_aeons_figures(buffer: int, expected: float) -> None:
    assert vus_pr(*aeon_case(), buffer) == pytest.approx(expected, rel=1e-12)


def test_vus_pr_of_a_perfect_score_is_near_one() -> None:
    labels = labelled(5000, (1000, 1200), (3000, 3250))
    score = labels + np.random.default_rng(0).random(5000) / 1000
    assert vus_pr(labels, score, 0) == pytest.approx(1.0, abs=0.03)
    assert vus_pr(labels, score, 20) > 0.9


def test_vus_pr_of_a_random_score_is_near_prevalence() -> None:
    labels = labelled(8000, (1000, 1500), (5000, 5700))
    score = np.random.default_rng(1).random(8000)
    assert vus_pr(labels, score, 0) == pytest.approx(labels.mean(), rel=0.25)


def test_vus_pr_falls_with_higher_scores_on_the_wrong_rows() -> None:
    labels, score = aeon_case()
    assert vus_pr(labels, -score, 10) < 0.6 * vus_pr(labels, score, 10)


def test_vus_pr_forgives_a_late_score_with_the_buffer() -> None:
    labels = labelled(2000, (500, 520), (1500, 1520))
    late = np.roll(labels, 15) + np.random.default_rng(2).random(2000) / 1000
    assert vus_pr(labels, late, 100) > 1.3 * vus_pr(labels, late, 0)


def test_called_windows_by_hand() -> None:
    score = np.array([0, 9, 0, 0, 9, 9, 0, 0, 9, 9, 9, 0, 9, 9], float)  # the last two: no window
    expected = {0: [True, True, True], 1: [False, True, True], 2: [False, False, True]}
    for count, called in expected.items():
        assert called_windows(score, 4, 5.0, count).tolist() == called
    assert not called_windows(score, 4, 9.0, 0).any()  # above, not at


def test_labelled_windows_by_hand() -> None:
    labels = labelled(14, (3, 5), (12, 14))
    assert labelled_windows(labels, 4).tolist() == [True, True, False]


def f1_of(truth: Bool, called: Bool) -> float:
    hits = int((truth & called).sum())
    return 2 * hits / max(1, int(truth.sum()) + int(called.sum()))


@pytest.mark.parametrize("seed", range(4))
def test_oracle_is_no_worse_than_any_rule(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = labelled(3000, (400, 460), (1210, 1390), (2500, 2510))
    score = generator.normal(size=3000) + labels * generator.normal(1, 1, 3000)
    best = oracle(labels, score, 100, 0.5)
    truth = labelled_windows(labels, 100)
    for quantile in np.linspace(0.5, 0.9999, 100)[::7]:
        threshold = float(np.quantile(score, quantile))
        for count in (0, 1, 5, 20):
            assert f1_of(truth, called_windows(score, 100, threshold, count)) <= best.f1
    called = called_windows(score, 100, best.threshold, best.count)
    assert f1_of(truth, called) == pytest.approx(best.f1)
    assert best.f1 > 0.3


def test_oracle_is_no_worse_than_the_rule_that_is_judged() -> None:
    labels = labelled(1000, (200, 300), (700, 800))
    score = np.zeros((10, 100))
    score[:, :30] = 1
    score[[2, 7], :40] = 1  # 30 points above in quiet windows, 40 in the labelled ones
    found = evaluate(labels, score.ravel(), 100, 0.5, 35)
    assert found["f1"] == 1
    assert found["oracle_f1"] >= found["f1"]


def test_oracle_finds_the_rule_that_separates() -> None:
    labels = labelled(1000, (200, 300), (700, 800))
    score = np.random.default_rng(0).random(1000)
    score[[50, 450, 650]] = 99  # one spike in quiet windows: a count above 0 is wanted
    score[200:230] = score[700:730] = 50
    best = oracle(labels, score, 100, 0.5)
    assert best.f1 == 1.0
    assert best.count >= 1


def test_evaluate_gives_the_windows_figures() -> None:
    labels = labelled(1000, (210, 240), (700, 790))
    score = np.random.default_rng(3).random(1000)
    score[[215, 216, 333, 334]] = 5
    found = evaluate(labels, score, 100, 1.0, 1)
    assert (found["precision"], found["recall"], found["f1"]) == (0.5, 0.5, 0.5)
    assert found["oracle_f1"] >= found["f1"]
    assert found["vus_pr"] == vus_pr(labels, score, 100)


def test_hit_rate_by_hand() -> None:
    error = np.zeros((20, 5))
    error[5:10] = [1, 5, 2, 4, 3]  # ranked 1, 3, 4, 2, 0
    error[12:15] = [9, 0, 0, 0, 1]  # ranked 0, 4, then the rest
    incidents = [Incident(5, 10, (1, 4)), Incident(12, 15, (0,))]
    assert hit_rate(incidents, error, 1.0) == pytest.approx((1 / 2 + 1) / 2)
    assert hit_rate(incidents, error, 1.5) == pytest.approx((1 + 1) / 2)
    assert hit_rate([Incident(5, 10, (2, 0))], error, 1.5) == 0


def test_incidents_are_half_open() -> None:
    error = np.zeros((20, 3))
    error[5:10, 0] = 1
    error[[4, 10], 2] = 100  # the row before, and the one at `end`
    assert hit_rate([Incident(5, 10, (0,))], error, 1.0) == 1
    error[9, 2] = 100  # the last one inside
    assert hit_rate([Incident(5, 10, (0,))], error, 1.0) == 0
