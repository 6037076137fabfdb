"""The drift experiment: a causal rolling quantile, and what the committed figures claim."""

import json
from pathlib import Path

import numpy as np
import pytest

from stillwatch.benchmarks.drift import SERIES, rolling_quantile
from stillwatch.benchmarks.tables import DRIFT_HEADER, drift_rows

COMMITTED = Path(__file__).parent.parent / "benchmarks" / "results" / "drift" / "results.json"


@pytest.mark.parametrize("history", [1, 7, 100])
def test_rolling_quantile_is_of_the_scores_before_alone(history: int) -> None:
    generator = np.random.default_rng(0)
    before, scores = generator.random(history), generator.random(5000)
    found = rolling_quantile(before, scores, 0.9)
    joined = np.concatenate([before, scores])
    expected = [np.quantile(joined[i : i + history], 0.9) for i in range(len(scores))]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    changed = scores.copy()
    changed[2500:] = 99.0
    later = rolling_quantile(before, changed, 0.9)
    np.testing.assert_array_equal(later[:2501], found[:2501])
    assert (later[2500 + history :] == 99.0).all()


def test_committed_results_show_a_failure_that_the_rolling_threshold_does_not_share() -> None:
    results = json.loads(COMMITTED.read_text())
    assert results["command"].startswith("stillwatch reproduce drift")
    rows = {(row["series"], row["threshold"]): row for row in results["rows"]}
    assert {name for name, _ in rows} == set(SERIES)
    assert len(results["seeds"]) == 3 * len(SERIES)
    drifting = "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv"
    fixed, rolling = (rows[drifting, kind] for kind in ("fixed", "rolling"))
    assert fixed["normal_called_last_part"]["min"] > 0.5
    assert rolling["normal_called_last_part"]["max"] < 0.05
    assert rolling["found"]["min"] == rolling["windows"]
    assert all(len(row) == len(DRIFT_HEADER) for row in drift_rows(results))
