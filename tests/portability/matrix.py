"""The same capsules on everything that can be had: one table, one answer.

    PYTHONPATH=tests python -m portability.matrix --out benchmarks/results/portability/results.json

builds the wheel, installs it with numpy and onnxruntime alone into a fresh
virtual environment per cell, and the JavaScript packages beside the example.
Every runner replays the golden vectors of each capsule, whose expected scores
come from NumPy in double precision, and scores a series with each.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from portability.matrix_cases import MODULES, Case, make_cases
from portability.matrix_runners import (
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
from stillwatch.runtime.files import make_folder, write_text
from stillwatch.runtime.report.machine import provenance

Row = dict[str, Any]

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


def python_rows(cases: list[Case], reference: Answer, folder: Path) -> Iterator[Row]:
    """Yields the line of each CPython and onnxruntime."""
    wheel = build_wheel(folder)
    for version in PYTHONS:
        python = find_python(version)
        for release, requirements in ONNXRUNTIMES.items():
            runner = f"CPython {version}, onnxruntime {release}"
            if python is None:
                yield {"runner": runner, "absent": f"no CPython {version} here"}
            elif (version, release) in NO_WHEEL:
                yield {"runner": runner, "absent": "never built for this Python"}
            else:
                environment = folder / "environment"
                try:
                    made = make_environment(python, environment, [str(wheel), *requirements])
                except subprocess.CalledProcessError:
                    yield {"runner": runner, "absent": "pip could not install it"}
                else:
                    yield row(runner, partial(ask_python, made, cases), reference)
                shutil.rmtree(environment)


def node_rows(cases: list[Case], reference: Answer, folder: Path) -> Iterator[Row]:
    """Yields the line of each JavaScript engine."""
    if shutil.which("npm"):
        with contextlib.suppress(RuntimeError):  # then what is lacking is said below
            install_node(MODULES.parent)
    lacking = lacking_for_node(MODULES)
    for engine in ENGINES:
        if lacking:
            yield {"runner": f"Node, {engine}", "absent": lacking}
        else:
            ask = partial(ask_node, MODULES, engine, cases, folder / "js")
            yield row(f"Node, {engine}", ask, reference)


def row(runner: str, ask: Callable[[], Answer], reference: Answer) -> Row:
    """Returns a runner's line of the table, as a document."""
    try:
        answer = ask()
    except (RuntimeError, AssertionError) as error:
        return {"runner": runner, "passed": False, "error": str(error)}
    found = {"golden": answer.golden, "series": answer.agreement(reference)}
    return {
        "runner": runner,
        "versions": {name: value for name, value in answer.versions.items() if name != "beside"},
        **{name: asdict(agreement) for name, agreement in found.items()},
        "passed": all(
            agreement.difference <= TOLERANCE and not agreement.flips
            for agreement in found.values()
        ),
    }


def as_line(row: Row) -> str:
    """Returns a row as the table has it."""
    for why in ("absent", "error"):
        if why in row:
            return f"{row['runner']:<34}{why}: {row[why]}"
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
    rows: list[Row] = []
    print(f"{'':<34}{'golden':<12}{'flips':<7}{'series':<12}{'flips':<7}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cases = make_cases(folder)
        reference = ask_python(Path(sys.executable).parent, cases)
        for rows_of in (python_rows, node_rows):
            for found in rows_of(cases, reference, folder):
                rows.append(found)
                print(as_line(found), flush=True)
    if arguments.out:
        document = {
            **provenance(),
            "command": "make matrix",
            "tolerance": TOLERANCE,
            "capsules": [case.name for case in cases],
            "expected": "golden: NumPy in double precision; series: this environment's answer",
            "runners": rows,
        }
        make_folder(arguments.out.parent)
        write_text(arguments.out, json.dumps(document, indent=1) + "\n")
    answered = [found["passed"] for found in rows if "passed" in found]
    return 0 if answered and all(answered) else 1


if __name__ == "__main__":
    sys.exit(main())
