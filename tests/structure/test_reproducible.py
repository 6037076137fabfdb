"""The wheel is the same to the byte, whoever builds it, where and when."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from portability.matrix_cases import ROOT

BUILD = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
FOLDERS = ("runtime", "train", "export", "benchmarks")
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def built(folder: Path, when: int) -> tuple[str, bytes]:
    """Returns name and bytes of a wheel whose sources are of a moment."""
    folder.mkdir()
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    for path in folder.rglob("*"):
        os.utime(path, (when, when))
    env = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(BUILD, cwd=folder, env=env, check=True, capture_output=True)
    (wheel,) = (folder / "dist").iterdir()
    return wheel.name, wheel.read_bytes()


@pytest.mark.peers
def test_a_wheel_built_twice_is_one(tmp_path: Path) -> None:
    first = built(tmp_path / "here", 1_600_000_000)
    assert first == built(tmp_path / "somewhere else", 1_650_000_000)
