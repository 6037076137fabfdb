"""Energy by RAPL, on counters of our own making."""

from pathlib import Path

import pytest

from stillwatch.benchmarks.latency.shipped import energy


def zone(root: Path, name: str, microjoules: int) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text("999\n")
    return folder


def test_packages_are_counted_once_and_their_parts_not(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 1)
    zone(tmp_path, "intel-rapl:0:0", 1)
    zone(tmp_path, "intel-rapl:1", 1)
    assert len(energy.counters(tmp_path)) == 2
    assert energy.unreadable(tmp_path) == ""


def test_a_counter_begins_again_at_its_end(tmp_path: Path) -> None:
    folder = zone(tmp_path, "intel-rapl:0", 990)
    (counter,) = energy.counters(tmp_path)
    before = counter.read()
    (folder / "energy_uj").write_text("15\n")
    assert counter.since(before) == 25


def test_energy_is_by_the_call(tmp_path: Path) -> None:
    folder = zone(tmp_path, "intel-rapl:0", 100)
    at = 100

    def task() -> None:
        nonlocal at
        at += 5
        (folder / "energy_uj").write_text(str(at))

    assert energy.millijoules(task, energy.counters(tmp_path), seconds=0.0) == pytest.approx(0.005)


def test_without_counters_a_line_says_so(tmp_path: Path) -> None:
    assert "shows no RAPL counters" in energy.unreadable(tmp_path)
    broken = zone(tmp_path, "intel-rapl:0", 1)
    (broken / "energy_uj").unlink()
    assert "for root alone" in energy.unreadable(tmp_path)
