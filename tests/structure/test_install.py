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
from support.pump import NORMAL, SERIES, files

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


@pytest.fixture(scope="module")
def with_export(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment, as `pip install '.[export]'` makes it."""
    newest = next(p for v in ("3.13", "3.12", "3.11") if (p := find_python(v)))
    return make_environment(newest, tmp_path_factory.mktemp("venv"), [f"{wheel}[export]"])


def test_a_newcomers_own_file_is_a_report_after_two_more_commands(
    with_export: Path, tmp_path: Path
) -> None:
    """Semicolons, decimal commas, a column of times and one of text: nothing is edited."""
    for name, text in files().items():
        header, *lines = text.splitlines()
        own = [f"{header},remark", *(f"{line},ok" for line in lines)]
        text = "\n".join(own).replace(",", ";").replace(".", ",")
        (tmp_path / name).write_text(text.replace("T", " "), encoding="utf-8-sig")
    commands = (
        ["calibrate", "smd-segments", NORMAL, "-o", "mine.onnx"],
        [
            "score",
            "mine.onnx",
            SERIES,
            "--budget",
            "1/week",
            "--report",
            "report.html",
            "-o",
            "scored.csv",
        ],
    )
    for command in commands:
        done = subprocess.run(
            [with_export / "stillwatch", *command], cwd=tmp_path, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said = done.stdout + done.stderr
        for column in ("flow_l_per_s", "pressure_bar", "bearing_c", "time", "remark"):
            assert column in said  # what was taken for what, and what was not
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "2026-03-17 1" in page  # the day the bearing runs hot, by the file's own times
    assert (tmp_path / "scored.csv").stat().st_size > (tmp_path / SERIES).stat().st_size


def test_export_without_mxnet_gives_the_shipped_bytes(with_export: Path, tmp_path: Path) -> None:
    for system, name, options in (
        ("nab-rds", "nab-rds.onnx", ["--scaling", "series"]),
        ("nab-rds", "nab-rds-online.onnx", ["--scaling", "rolling(288)"]),
        ("smd", "smd-micro.onnx", []),
        ("segments", "smd-segments.onnx", []),
    ):
        checkpoint = ROOT / "benchmarks" / "results" / system / "checkpoint"
        out = tmp_path / name
        command = [str(with_export / "stillwatch"), "export", str(checkpoint), "-o", str(out)]
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
