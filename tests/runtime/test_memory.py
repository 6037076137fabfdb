"""The memory that a process has held: its own, and not its parent's."""

import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stillwatch.runtime.memory import most_resident_mib

MIB = 2**20
GROWS = """
from stillwatch.runtime.memory import most_resident_mib
before = most_resident_mib()
held = b"x" * (64 * 2**20)
del held
print(before, most_resident_mib())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere getrusage has the last word")
def test_a_child_answers_for_itself_and_for_what_it_let_go_of() -> None:
    held = b"x" * (400 * MIB)  # every page of it is touched
    done = subprocess.run(
        [sys.executable, "-c", GROWS], capture_output=True, text=True, timeout=600, check=True
    )
    before, after = map(float, done.stdout.split())
    assert 1 < before < len(held) / MIB
    assert 32 < after - before < 128  # 64, less what the imports had let go of before


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
@pytest.mark.parametrize("status", [None, b"Name:\tp\xffthon\n"], ids=["no /proc", "no VmHWM"])
def test_without_proc_the_figure_is_getrusages(
    platform: str, unit: int, status: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_bytes(_path: Path) -> bytes:
        if status is None:
            raise FileNotFoundError
        return status

    def getrusage(_whose: int) -> Any:
        return SimpleNamespace(ru_maxrss=96 * MIB // unit)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(resource, "getrusage", getrusage)
    monkeypatch.setattr(sys, "platform", platform)
    assert most_resident_mib() == 96
