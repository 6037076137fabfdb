import numpy as np
import pytest

from stillwatch.benchmarks.detection.nab_score import (
    PROFILES,
    Scored,
    nab_at,
    nab_score,
    probation,
)

STANDARD = PROFILES["standard"]
WINDOW = ((20, 29),)


def file(scores: dict[int, float], windows: tuple[tuple[int, int], ...] = WINDOW) -> Scored:
    column = np.zeros(40)
    column[list(scores)] = list(scores.values())
    return Scored(column, windows)


# By hand: row 22 has place -(29 + 1 - 22) / 10 = -0.8 and 2 / (1 + exp(-4)) - 1 = 0.9640276, which
# over that of place -1, 0.9866143, is 0.9771068; row 33 has place 4 / 9 and -0.8044549.
HAND = {3: 0.9, 10: 0.5, 22: 0.8, 25: 0.7, 33: 0.6}


def test_the_best_threshold_and_its_score_are_as_by_hand() -> None:
    best = nab_score([file(HAND)], STANDARD)
    assert best.value == pytest.approx(100 * (1 + 0.9771068) / 2, abs=1e-4)
    assert (best.threshold, best.found, best.windows, best.false) == (0.8, 1, 1, 0)


@pytest.mark.parametrize(("profile", "cost"), [("standard", 0.11), ("reward_low_FP_rate", 0.22)])
def test_a_false_detection_costs_by_how_far_behind_it_is(profile: str, cost: float) -> None:
    behind = nab_at([file(HAND)], PROFILES[profile], 0.6)
    assert behind.value == pytest.approx(50 * (1.9771068 - cost * 0.8044549), abs=1e-4)
    before = nab_at([file(HAND)], PROFILES[profile], 0.5)
    assert before.value == pytest.approx(50 * (1.9771068 - cost * 1.8044549), abs=1e-4)
    assert before.false == 2


def test_a_missed_window_costs_twice_where_that_is_the_profile() -> None:
    two = ((8, 12), (20, 29))
    found = nab_at([file({22: 0.8}, two)], PROFILES["reward_low_FN_rate"], 0.8)
    assert found.value == pytest.approx(100 * (2 + 0.9771068) / 6, abs=1e-4)


def test_equal_scores_are_called_together() -> None:
    # Two false detections before the window have the hit's score: all three, or none.
    hit = nab_score([file({8: 0.5, 9: 0.5, 22: 0.5})], STANDARD)
    assert hit.value == pytest.approx(50 * (1.9771068 - 0.22), abs=1e-4)
    assert hit.false == 2


def test_nobody_is_null_and_the_first_row_of_each_window_alone_is_perfect() -> None:
    silent = nab_score([file({})], STANDARD)
    assert (silent.value, silent.threshold) == (0, np.inf)
    assert nab_at([file({})], STANDARD, np.inf).value == 0
    perfect = nab_score([file({20: 1.0}), file({20: 1.0})], STANDARD)
    assert perfect.value == pytest.approx(100)


def test_the_head_is_not_scored() -> None:
    assert (probation(1000), probation(4032), probation(22695)) == (150, 604, 750)
    head = nab_at([file({3: 0.9, 5: 0.9})], STANDARD, 0.5)
    assert (head.value, head.false) == (0, 0)
