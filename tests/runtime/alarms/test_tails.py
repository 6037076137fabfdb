"""The fitted tail: known distributions are recovered, and a budget is kept on simulated scores.

Seeds are fixed, so nothing here is left to chance; the tolerances are what the
sampling error of the estimates allows, about four of its standard deviations.
"""

import dataclasses
import math

import numpy as np
import pytest
from support.detectors import changed, nab_rds
from support.repeat_vectors import detector_of, make_capsule, normal_rows

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.runtime import InputError
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.tails import fit_tail
from stillwatch.runtime.alarms.thresholds import normal_scores
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule.figures import Tail
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

ROWS = 200_000  # 4000 peaks above the highest level
SCALE = 1.5
SEEDS = range(10)


def pareto(seed: int, shape: float, count: int = ROWS) -> Float64:
    """Generalised Pareto numbers, by the inverse of their distribution."""
    uniform = np.random.default_rng(seed).random(count)
    exponential: Float64 = -np.log1p(-uniform)
    return SCALE * (np.expm1(shape * exponential) / shape if shape else exponential)


def fitted(scores: Float64, run: int = 0) -> Tail:
    tail = fit_tail(scores, run)
    assert tail is not None
    return tail


def clusters(above: np.ndarray, run: int) -> int:
    """How many clusters of rows above a level, each ended by `run` rows below it."""
    found, since = 0, run + 1
    for one in above:
        if one:
            found += since >= run + 1
            since = 0
        since += 1
    return found


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2, 0.4, 0.8, 1.5])
@pytest.mark.parametrize("seed", SEEDS)
def test_known_parameters_are_recovered(seed: int, shape: float) -> None:
    tail = fitted(pareto(seed, shape))
    assert (tail.rows, tail.run, tail.peaks) == (ROWS, 0, ROWS // 50)
    # The variances of the most likely parameters: (1 + shape)^2 / n, and 2 (1 + shape) scale^2 / n.
    off = 4 * math.sqrt((1 + shape) / tail.peaks)
    assert tail.shape == pytest.approx(shape, abs=off * math.sqrt(1 + shape))
    # Excesses over a level are generalised Pareto again, their scale moved by shape * level.
    assert tail.scale == pytest.approx(SCALE + shape * tail.level, rel=off * math.sqrt(2))


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2, 0.4])
def test_return_level_is_the_quantile(shape: float) -> None:
    # A score exceeded once in m rows is the 1 - 1/m quantile, known in closed form.
    for m in (1000, 100_000):
        levels = [fitted(pareto(seed, shape)).exceeded_once_in(m) for seed in SEEDS]
        quantile = SCALE * (math.expm1(shape * math.log(m)) / shape if shape else math.log(m))
        assert np.mean(levels) == pytest.approx(quantile, rel=0.1)


def test_return_level_by_hand() -> None:
    tail = Tail(rows=1000, level=3.0, run=5, peaks=20, shape=0.5, scale=2.0)
    assert tail.exceeded_once_in(200) == pytest.approx(3 + 2 / 0.5 * (math.sqrt(4) - 1))
    assert tail.exceeded_once_in(50) == tail.exceeded_once_in(1) == 3.0
    flat = dataclasses.replace(tail, shape=0.0)
    assert flat.exceeded_once_in(200) == pytest.approx(3 + 2 * math.log(4))
    nearly = dataclasses.replace(tail, shape=1e-8)
    assert nearly.exceeded_once_in(200) == pytest.approx(flat.exceeded_once_in(200))


# The mean rate over the seeds is known to 3 % at 2000 rows and to 8 % at 20,000 (the clusters
# counted are Poisson, and so are those the tail was fitted to).
@pytest.mark.parametrize(("rows", "off"), [(500, 0.05), (2000, 0.1), (20_000, 0.25)])
@pytest.mark.parametrize("run", [0, 3])
def test_budget_is_kept(run: int, rows: int, off: float) -> None:
    rates = []
    for seed in SEEDS:
        generator = np.random.default_rng([seed, run])
        level = fitted(generator.exponential(1, ROWS), run).exceeded_once_in(rows)
        fresh = generator.exponential(1, 2 * ROWS)
        rates.append(clusters(fresh > level, run) * rows / len(fresh))
    assert np.mean(rates) == pytest.approx(1, abs=off)


@pytest.mark.parametrize("run", [5, 20])
def test_budget_counts_clusters_and_not_scores(run: int) -> None:
    # Each excursion keeps a score up for five rows: five times as many scores as clusters.
    rates, scores_above = [], []
    for seed in SEEDS:
        peaks = np.random.default_rng(seed).exponential(1, ROWS) * np.tile([1, 0, 0, 0, 0], 40_000)
        held = np.max([np.roll(peaks, i) for i in range(5)], axis=0)
        level = fitted(held[: ROWS // 2], run).exceeded_once_in(4000)
        above = held[ROWS // 2 :] > level
        rates.append(clusters(above, run) * 4000 / len(above))
        scores_above.append(above.sum() * 4000 / len(above))
    assert np.mean(rates) == pytest.approx(1, abs=0.25)
    assert np.mean(scores_above) > 3 * np.mean(rates)


def test_peaks_of_clusters_by_hand() -> None:
    scores = np.zeros(2000)
    for number, start in enumerate(range(50, 1950, 100)):  # 19 clusters of 3 rows, 2 below within
        scores[[start, start + 1, start + 4]] = [5, 6 + number, 5.5]
    assert fitted(scores, run=3).peaks == 19
    assert fitted(scores, run=2).peaks == 38
    assert fitted(scores, run=3).level == 5.0  # 57 of 2000 rows are as high or higher


@pytest.mark.parametrize(
    "scores",
    [np.arange(60.0) % 7, np.ones(5000), np.r_[np.zeros(4990), np.ones(10)], np.array([1.0])],
    ids=["short", "constant", "one excursion", "one"],
)
def test_too_few_peaks_are_no_tail(scores: Float64) -> None:
    assert fit_tail(scores, 20) is None
    assert normal_scores(scores, 20).tail is None


def test_lower_levels_serve_where_the_highest_has_too_few_peaks() -> None:
    tail = fitted(np.random.default_rng(0).exponential(1, 150))
    assert tail.peaks == 15  # 10 % of them
    assert tail.level < 3


def test_normal_scores_are_what_the_policies_read() -> None:
    scores = pareto(1, 0.1, 5000).astype(np.float32)
    found = normal_scores(scores, 48)
    assert found.mean == pytest.approx(scores.mean(dtype=float))
    assert found.deviation == pytest.approx(scores.std(dtype=float))
    assert found.tail == fitted(scores.astype(float), 48)
    info = changed(nab_rds("trained"), normal_scores=found).info
    budget = alarm_rule("tail(1/week,300s)", info).value
    assert budget == fitted(scores.astype(float), 48).exceeded_once_in(2016)


def test_calibration_on_too_little_has_no_budget_and_says_so() -> None:
    made = make_capsule(RepeatVectorConfig(units=5, window=20), 2)
    for rows, enough in ((60, False), (3000, True)):
        found = detector_of(calibrate(made, "made up", normal_rows(rows, 2)).content)
        normal = found.info.normal_scores
        assert normal is not None
        assert normal.mean > 0
        if enough:
            assert found.score(normal_rows(90, 2), threshold="tail(1/day,60s)").score.all()
            continue
        with pytest.raises(InputError, match=r"too few peaks .* calibrate on more") as caught:
            found.score(normal_rows(90, 2), threshold="tail(1/day,60s)")
        assert "\n" not in str(caught.value)
