"""Real compilers, and the README's own words from an empty directory."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stillwatch.export.c.comparison import compare, made_rows
from stillwatch.export.c.folder import CFiles, c_files, write_folder
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.detector import Detector

pytestmark = pytest.mark.peers


def _wanted(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"no {tool} here: the generated C")
    return found


@pytest.fixture(scope="module")
def micro() -> CFiles:
    return c_files(read_bytes("smd-micro"), "smd-micro")


@pytest.mark.parametrize("optimise", ["-O2", "-Os"])
@pytest.mark.parametrize("tool", ["gcc", "clang"])
def test_scores_are_onnxruntimes(tool: str, optimise: str, online: CFiles, micro: CFiles) -> None:
    for name, made in (("nab-rds-online", online), ("smd-micro", micro)):
        values = made_rows(Detector.load(name).info)
        content = read_bytes(name)
        found = compare(content, name, made, values, by=_wanted(tool), optimise=optimise)
        assert found.passed
        assert found.exact == (name == "nab-rds-online")
        assert found.ulp <= 16  # of a sum of 38 squares, in another order


def test_the_readme_is_followed_from_an_empty_directory(online: CFiles, tmp_path: Path) -> None:
    _wanted("cc")
    write_folder(tmp_path / "c", online.files)
    readme = (tmp_path / "c" / "README.md").read_text()
    (commands,) = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    done = subprocess.run(
        ["sh", "-eu", "-c", commands], cwd=tmp_path / "c", capture_output=True, text=True,
        check=True, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert "3 golden vectors" in done.stdout
    assert "passed" in done.stdout


def test_cmake_builds_it_and_its_test_passes(online: CFiles, tmp_path: Path) -> None:
    _wanted("cmake")
    write_folder(tmp_path / "c", online.files)
    for words in (["cmake", "-B", "build"], ["cmake", "--build", "build"]):
        subprocess.run(words, cwd=tmp_path / "c", capture_output=True, text=True, check=True)
    done = subprocess.run(
        ["ctest", "--test-dir", "build"], cwd=tmp_path / "c", capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "100% tests passed" in done.stdout
