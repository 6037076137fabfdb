"""What the guide says of Spark's cost follows from the figures, whichever way they fall."""

from typing import Any

import pytest

from stillwatch.benchmarks.spark.section import spark_section
from stillwatch.benchmarks.spark.simulated_fleet import series


def results(one: float, two: float) -> dict[str, Any]:
    """A million rows: 2 s in one process, so long by one worker and by two."""
    naive = "a session for every group"
    return {
        "capsule": "nab-rds-online",
        "machine": {"cores": 2},
        "load_before": 0.1,
        "load_after": 1.2,
        "score_many": {"rows": 1_000_000, "seconds": [2.5, 2.0]},
        "score_many_after": {"rows": 1_000_000, "seconds": [2.2]},
        "one worker": {
            "rows": 1_000_000,
            "seconds": {"score_frame": [one, one + 1], naive: [20.0]},
            "started": 6.0,
        },
        "two workers": {
            "rows": 1_000_000,
            "seconds": {"score_frame": [two], naive: [11.0]},
            "started": 8.0,
        },
        "least": {"seconds": [3.0, 1.0, 0.5, 0.7, 0.6]},
        "stream of 1000": {"seconds": [9.0, 2.6, 2.6, 2.6], "store_bytes": 5_000_000},
    }


def test_rates_and_ratios_are_of_the_fastest() -> None:
    said = spark_section(results(one=4.0, two=2.5))
    assert "| `score_many`, one process | 500,000 | 1.00 |" in said
    assert "| `score_frame`, one worker | 250,000 | 2.00 |" in said
    assert "Two workers came to 1.60 times one." in said
    assert "a batch costs 0.6 s at least" in said
    assert "2.0 ms for each sensor" in said
    assert "500 MB for 100,000 sensors" in said
    assert "67 cores" in said  # 2 cores, 2 ms, a million, in a minute


@pytest.mark.parametrize(
    ("two", "said"),
    [
        (1.0, "Until about 8,000,000 rows"),  # 8 s of start against 1 s a million rows less
        (4.0, "until there are 5 workers"),
        (2.5, "until there are 3 workers"),
    ],
)
def test_when_one_process_is_done_first(two: float, said: str) -> None:
    assert said in spark_section(results(one=2 * two, two=two))


def test_a_sensor_is_the_same_each_time_and_not_another_one() -> None:
    assert len(series(7, 500)) == 500
    assert (series(7, 500) == series(7, 500)).all()
    assert (series(7, 500) != series(8, 500)).any()
