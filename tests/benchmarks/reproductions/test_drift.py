"""The drift experiment: the whole way on made-up series, and what the committed figures claim."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sensor_config import CONFIG

from stillwatch.benchmarks.reproductions.drift import run as drift_run
from stillwatch.benchmarks.reproductions.drift.document import HEADER, drift_rows
from stillwatch.benchmarks.reproductions.drift.run import SERIES
from stillwatch.runtime.cli.main import main
from stillwatch.train.data.sets.series import LabelledSeries

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
    assert all(len(row) == len(HEADER) for row in drift_rows(results))


STEADY, DRIFTING = "made/steady.csv", "made/drifting.csv"
ROWS, FAULT, STEP = 1500, (800, 819), 1000  # the first 600 rows train


def series(name: str) -> LabelledSeries:
    """A noisy wave with a fault in its test; the drifting one stays elsewhere from a row on."""
    values = np.sin(np.arange(ROWS) / 3) + np.random.default_rng(0).normal(0, 0.2, ROWS)
    values[FAULT[0] : FAULT[1] + 1] += 6
    if name == DRIFTING:
        values[STEP:] += 4
    times = np.datetime64("2026-01-01", "s") + 60 * np.arange(ROWS)
    return LabelledSeries(name, times, values, np.zeros(ROWS, bool), (FAULT,))


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    pytest.importorskip("mxnet")
    monkeypatch.setattr(drift_run, "SERIES", (STEADY, DRIFTING))
    monkeypatch.setattr(drift_run, "load_nab", series)
    monkeypatch.setattr(drift_run, "_CONFIG", CONFIG)
    assert main(["reproduce", "drift", "--seeds", "2", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_text().count("<figcaption") == 2
    found: dict[str, Any] = json.loads((tmp_path / "results.json").read_text())
    return found


def test_only_the_fixed_threshold_fails_where_a_series_drifts(results: dict[str, Any]) -> None:
    rows = {(row["series"], row["threshold"]): row for row in results["rows"]}
    assert set(rows) == {(s, t) for s in (STEADY, DRIFTING) for t in ("fixed", "rolling")}
    last = {key: row["normal_called_last_part"] for key, row in rows.items()}
    assert last[DRIFTING, "fixed"]["min"] > 0.5
    assert last[DRIFTING, "rolling"]["max"] < 0.1
    assert last[STEADY, "fixed"]["max"] < 0.1
    assert all(row["found"]["min"] == row["windows"] == 1 for row in rows.values())
    # Seeds differ, and what is said of them is their spread.
    shares = [s["fixed"]["normal_called"] for s in results["seeds"] if s["series"] == DRIFTING]
    quoted = rows[DRIFTING, "fixed"]["normal_called"]
    assert len(shares) == 2
    assert (quoted["min"], quoted["max"]) == pytest.approx((min(shares), max(shares)))
    # The share by hand: all of the rows after the step, and few before it.
    normal, drifted = ROWS - 600 - 20, ROWS - STEP
    assert drifted / normal <= min(shares) < drifted / normal + 0.1
