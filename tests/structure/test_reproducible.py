"""Wheel and source distribution are the same to the byte, whoever builds them, where and when."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from portability.matrix_cases import ROOT

# The wheel is built from the source distribution, as an installer would.
BUILD = [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"]
FOLDERS = (".ci", "runtime", "train", "export", "benchmarks")
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def built(folder: Path, when: int) -> dict[str, bytes]:
    """Returns what is built, by name, of sources that are of a moment."""
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
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}


@pytest.mark.peers
def test_what_is_built_twice_is_one(tmp_path: Path) -> None:
    first = built(tmp_path / "here", 1_600_000_000)
    assert {name.rpartition(".")[2] for name in first} == {"whl", "gz"}
    assert first == built(tmp_path / "somewhere else", 1_650_000_000)
