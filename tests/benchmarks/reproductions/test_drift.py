"""The drift experiment: what the committed figures claim."""

import json
from pathlib import Path

from stillwatch.benchmarks.reproductions.drift.run import SERIES
from stillwatch.runtime.report.tables import DRIFT_HEADER, drift_rows

COMMITTED = (
    Path(__file__).resolve().parents[3] / "benchmarks" / "results" / "drift" / "results.json"
)


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
