"""The same capsules on everything that can be had: one table, one answer.

    python tests/matrix.py --out benchmarks/results/portability/results.json

builds the wheel, installs it with numpy and onnxruntime alone into a fresh
virtual environment per cell, and the JavaScript packages beside the example.
Every runner replays the golden vectors of each capsule, whose expected scores
come from NumPy in double precision, and scores a series with each.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matrix_cases import MODULES, make_cases
from matrix_runners import (
    ENGINES,
    Answer,
    ask_node,
    ask_python,
    build_wheel,
    find_python,
    install_node,
    lacking_for_node,
    make_environment,
)

from stillwatch.benchmarks.machine import provenance

# onnxruntime 1.15 was built for NumPy 1.
ONNXRUNTIMES = {
    "1.15": ("onnxruntime==1.15.*", "numpy<2"),
    "1.20": ("onnxruntime==1.20.*",),
    "newest": ("onnxruntime",),
}
PYTHONS = ("3.11", "3.12", "3.13")
NO_WHEEL = {("3.12", "1.15"), ("3.13", "1.15")}  # it was built for Python up to 3.11

# Scores are printed with 7 digits; single precision and another build's kernels cost the last two.
TOLERANCE = 1e-5


def row(runner: str, answer: Answer, reference: Answer) -> dict[str, Any]:
    """Returns a runner's line of the table as a document."""
    series = answer.agreement(reference)
    both = (answer.golden, series)
    passed = all(found.difference <= TOLERANCE and not found.flips for found in both)
    return {
        "runner": runner,
        "versions": {name: value for name, value in answer.versions.items() if name != "beside"},
        "golden": asdict(answer.golden),
        "series": asdict(series),
        "passed": passed,
    }


def as_line(row: dict[str, Any]) -> str:
    """Returns a row as the table has it."""
    if "absent" in row:
        return f"{row['runner']:<34}absent: {row['absent']}"
    figures = "".join(
        f"{row[what]['difference']:<12.2g}{row[what]['flips']:<7}" for what in ("golden", "series")
    )
    versions = ", ".join(f"{name} {version}" for name, version in row["versions"].items())
    return f"{row['runner']:<34}{figures}{'passed' if row['passed'] else 'FAILED'}: {versions}"


def main() -> int:
    """Prints the table and writes it; returns 0 if every runner that could be had agrees."""
    parser = argparse.ArgumentParser(description="The portability matrix.")
    parser.add_argument("--out", type=Path, help="write the results as JSON, too")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []

    def report(row: dict[str, Any]) -> None:
        rows.append(row)
        print(as_line(row), flush=True)

    print(f"{'':<34}{'golden':<12}{'flips':<7}{'series':<12}{'flips':<7}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cases, wheel = make_cases(folder), build_wheel(folder)
        reference = ask_python(Path(sys.executable).parent, cases)
        for version in PYTHONS:
            python = find_python(version)
            for release, requirements in ONNXRUNTIMES.items():
                runner = f"CPython {version}, onnxruntime {release}"
                if python is None:
                    report({"runner": runner, "absent": f"no CPython {version} here"})
                elif (version, release) in NO_WHEEL:
                    report({"runner": runner, "absent": "never built for this Python"})
                else:
                    environment = folder / "environment"
                    made = make_environment(python, environment, [str(wheel), *requirements])
                    report(row(runner, ask_python(made, cases), reference))
                    shutil.rmtree(environment)
        if shutil.which("npm"):
            install_node(MODULES.parent)
        for engine in ENGINES:
            runner, missing = f"Node, {engine}", lacking_for_node(MODULES)
            if missing:
                report({"runner": runner, "absent": missing})
            else:
                report(row(runner, ask_node(MODULES, engine, cases, folder / "js"), reference))
    if arguments.out:
        document = {
            **provenance(),
            "command": "make matrix",
            "tolerance": TOLERANCE,
            "capsules": [case.name for case in cases],
            "reference": "golden: NumPy in double precision; series: this environment's",
            "runners": rows,
        }
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if all(row.get("passed", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
