import numpy as np
import pytest

from stillwatch.benchmarks.detection.tsb_vus import period, tsb_vus_pr


def labels(rows: int, *spans: tuple[int, int]) -> np.ndarray:
    found = np.zeros(rows, bool)
    for first, last in spans:
        found[first : last + 1] = True
    return found


# By the benchmark's own code, on these very arrays.
@pytest.mark.parametrize(
    ("seed", "digits", "buffer", "expected"),
    [(0, 9, 7, 0.6432882659588), (1, 1, 20, 0.5035361846873), (2, 9, 100, 0.7550139064355)],
)
def test_figures_are_those_of_the_benchmarks_own_code(
    seed: int, digits: int, buffer: int, expected: float
) -> None:
    generator = np.random.default_rng(seed)
    truth = labels(600, (0, 3), (100, 120), (140, 141), (400, 440), (590, 599))
    score = np.round(generator.random(600) + 0.4 * truth, digits)
    assert tsb_vus_pr(truth, score, buffer) == pytest.approx(expected, abs=1e-9)


def test_a_perfect_score_without_a_buffer_is_one_and_noise_is_near_the_rate() -> None:
    truth = labels(2000, (500, 599))
    assert tsb_vus_pr(truth, truth.astype(float), 0) == pytest.approx(1)
    noise = np.random.default_rng(0).random(2000)
    assert tsb_vus_pr(truth, noise, 0) < 0.15


def test_the_period_is_that_of_the_strongest_repetition() -> None:
    rows = np.arange(3000)
    assert period(np.sin(2 * np.pi * rows / 60)) == 60
    assert period(rows.astype(float)) == 125  # it has none
