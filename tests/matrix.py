"""The edge package on every Python and onnxruntime that can be had: one table, one answer.

    python tests/matrix.py

builds the wheel, installs it with numpy and onnxruntime alone into a fresh
virtual environment per cell, and scores the same series by file and by pipe.
"""

import csv
import io
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]

# onnxruntime 1.15 was built for NumPy 1 and for Python up to 3.11; 1.20 is the first for 3.13.
CELLS = (
    ("3.11", ("onnxruntime==1.15.*", "numpy<2")),
    ("3.11", ("onnxruntime==1.20.*",)),
    ("3.11", ("onnxruntime",)),
    ("3.12", ("onnxruntime",)),
    ("3.13", ("onnxruntime",)),
)


@dataclass(frozen=True)
class Answer:
    """What one cell said: versions, and scores and alarms by model."""

    versions: str
    scores: dict[str, list[float]]
    alarms: dict[str, list[bool]]
    verified: bool


def find_python(version: str) -> str | None:
    """Returns a command that starts this Python, or None."""
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for command in (sys.executable, f"python{version}", *map(str, pyenv)):
        check = f"import sys; sys.exit(sys.version_info[:2] != ({version.replace('.', ',')}))"
        try:
            done = subprocess.run([command, "-c", check], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return command
    return None


def build_wheel(folder: Path) -> Path:
    """Returns the project's wheel, built into `folder`."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("stillwatch-*.whl"))


def make_environment(python: str, folder: Path, requirements: list[str]) -> Path:
    """Returns the bin folder of a fresh virtual environment with the requirements."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *requirements], check=True)
    return folder / "bin"


def make_series() -> str:
    """Returns a CSV of 700 values with a rhythm, noise and one spike."""
    generator = np.random.default_rng(7)
    values = 20 + 3 * np.sin(np.arange(700) / 40) + generator.normal(0, 0.5, 700)
    values[600] += 400  # a spike that every capsule must call
    return "value\n" + "".join(f"{value:.4f}\n" for value in values)


def ask(bin_folder: Path, series: Path) -> Answer:
    """Returns what the program in an environment says of the series, by file and by pipe."""
    program = str(bin_folder / "stillwatch")
    packages = "import numpy, onnxruntime, sys, importlib.util as u; print('%d.%d' % "
    packages += "sys.version_info[:2], numpy.__version__, onnxruntime.__version__, "
    packages += "[m for m in ('mxnet', 'onnx', 'pandas', 'sklearn') if u.find_spec(m)])"
    versions = _output([str(bin_folder / "python"), "-c", packages])
    scores, alarms, verified = {}, {}, True
    for model in ("nab-rds", "nab-rds-online"):
        rows = list(csv.DictReader(io.StringIO(_output([program, "score", model, str(series)]))))
        scores[model] = [float(row["score"] or "nan") for row in rows]
        alarms[model] = [row["alarm"] == "1" for row in rows]
        verified &= "passed" in _output([program, "verify", model])
    lines = _output([program, "watch", "nab-rds-online"], series.read_text()).splitlines()
    watched = [line.split('"alarm": ')[1].startswith("true") for line in lines]
    verified &= watched == alarms["nab-rds-online"]
    return Answer(versions.strip(), scores, alarms, verified)


def differences(answer: Answer, reference: Answer) -> tuple[float, int]:
    """Returns the largest difference in score, relative above one, and the alarms flipped."""
    largest, flips = 0.0, 0
    for model, expected in reference.scores.items():
        wanted, got = np.array(expected), np.array(answer.scores[model])
        off = np.abs(got - wanted) / np.maximum(1, np.abs(wanted))
        largest = max(largest, float(np.nanmax(off)))
        flips += int((np.isnan(got) != np.isnan(wanted)).sum())
        flips += sum(
            a != b for a, b in zip(answer.alarms[model], reference.alarms[model], strict=True)
        )
    return largest, flips


def _output(command: list[str], text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def main() -> int:
    """Prints the table; returns 0 if every cell that could be had agrees."""
    here = Path(sys.executable).parent
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        series = folder / "series.csv"
        series.write_text(make_series())
        reference, wheel = ask(here, series), build_wheel(folder)
        print(f"{'python':<8}{'requirements':<32}{'difference':<12}{'flips':<7}answer, versions")
        for number, (version, requirements) in enumerate(CELLS):
            python = find_python(version)
            if python is None:
                print(f"{version:<8}{' '.join(requirements):<32}not on this machine")
                continue
            bin_folder = make_environment(
                python, folder / f"venv{number}", [str(wheel), *requirements]
            )
            answer = ask(bin_folder, series)
            largest, flips = differences(answer, reference)
            passed = answer.verified and flips == 0 and largest <= 1e-5
            good &= passed
            print(
                f"{version:<8}{' '.join(requirements):<32}{largest:<12.2g}{flips:<7}"
                f"{'passed' if passed else 'FAILED'}, {answer.versions}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
