"""What people install: the wheel, in fresh environments that hold nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from portability.matrix import ONNXRUNTIMES, TOLERANCE
from portability.matrix_cases import ROOT, Case, make_cases
from portability.matrix_runners import (
    Answer,
    ask_python,
    build_wheel,
    find_python,
    make_environment,
)

# The part of the matrix that each test run can afford; 'make matrix' has the rest.
CELLS = (("3.11", "1.15"), ("3.11", "1.20"), ("3.11", "newest"), ("3.12", "newest"))
CELLS += (("3.13", "newest"),)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return make_cases(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def reference(cases: list[Case]) -> Answer:
    return ask_python(Path(sys.executable).parent, cases)


@pytest.mark.parametrize(("version", "release"), CELLS)
def test_scores_alike_with_numpy_and_onnxruntime_alone(
    version: str, release: str, cases: list[Case], wheel: Path, reference: Answer, tmp_path: Path
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no CPython {version} on this machine")
    requirements = [str(wheel), *ONNXRUNTIMES[release]]
    answer = ask_python(make_environment(python, tmp_path / "venv", requirements), cases)
    assert answer.versions["beside"] == []  # none of the training packages
    assert any(answer.series["nab-rds-online"].alarm)
    for found in (answer.golden, answer.agreement(reference)):
        assert found.compared
        assert found.flips == 0
        assert found.difference <= TOLERANCE


def test_the_wheel_brings_capsules_examples_and_units(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    runtime = ROOT / "runtime"
    for folder in ("models", "examples", "deploy"):
        files = [path for path in (runtime / folder).iterdir() if path.is_file()]
        assert files
        assert {f"stillwatch/runtime/{folder}/{path.name}" for path in files} <= names


def test_export_without_mxnet_gives_the_shipped_bytes(wheel: Path, tmp_path: Path) -> None:
    newest = next(p for v in ("3.13", "3.12", "3.11") if (p := find_python(v)))
    bin_folder = make_environment(newest, tmp_path / "venv", [f"{wheel}[export]"])
    for system, name, options in (
        ("nab-rds", "nab-rds.onnx", ["--scaling", "series"]),
        ("nab-rds", "nab-rds-online.onnx", ["--scaling", "rolling(288)"]),
        ("smd", "smd-micro.onnx", []),
    ):
        checkpoint = ROOT / "benchmarks" / "results" / system / "checkpoint"
        out = tmp_path / name
        command = [str(bin_folder / "stillwatch"), "export", str(checkpoint), "-o", str(out)]
        subprocess.run([*command, *options], check=True)
        assert out.read_bytes() == (ROOT / "runtime" / "models" / name).read_bytes()


def test_the_makefile_refuses_a_python_that_does_not_serve_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").touch()
    fake = tmp_path / "python9"
    pretence = "import sys; sys.version_info = (3, 9, 0)"
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretence}\n$2"\n')
    fake.chmod(0o755)
    done = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), "install", f"PYTHON={fake}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "needs CPython 3.11 or 3.12" in said[0]
    assert not (tmp_path / ".venv").exists()
