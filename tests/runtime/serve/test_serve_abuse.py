"""What nobody should send: no 5xx, no crash, and nobody else is kept waiting."""

from pathlib import Path

from endurance.serve_mutations import run_mutations


def test_mutated_slow_and_large_requests(tmp_path: Path) -> None:
    found = run_mutations(tmp_path, 400, slow=30)
    assert found["problems"] == []
    assert found["statuses"]["400"] > 50
    assert found["statuses"]["200"] > 20
