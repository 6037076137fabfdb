"""A service that is killed under load loses nothing that it answered, and counts nothing twice."""

from pathlib import Path

from endurance.serve_kills import run_kills


def test_killed_and_started_again(tmp_path: Path) -> None:
    found = run_kills(tmp_path, 4, streams=2, rows=600)
    assert found["problems"] == []
    assert found["repeats"] > 0
    assert found["alarms"] > 0
