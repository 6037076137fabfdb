"""`stillwatch bench c -o OUT.json`: C beside the stream here, and on a Cortex-M4 in qemu."""

import argparse
import json
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.microcontroller.device_table import HEADER, table
from stillwatch.benchmarks.microcontroller.emulated import (
    COMPILER,
    QEMU,
    Emulated,
    emulate,
    made_values,
)
from stillwatch.benchmarks.microcontroller.host import beside_stream
from stillwatch.export.c.folder import CFiles, c_files
from stillwatch.runtime.arrays import Float32
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.machine import provenance
from stillwatch.runtime.report.tables import as_text

__all__ = ["add_arguments", "measured", "run"]

_DEFAULT = ("nab-rds-online",)
_ROWS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the capsules, and the file of the figures."""
    parser.add_argument(
        "models",
        nargs="*",
        default=_DEFAULT,
        metavar="MODEL",
        help="capsules (default: %(default)s)",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.json")


def run(arguments: argparse.Namespace) -> int:
    """Measures and writes; returns 1 where a score differs on the device."""
    models = [measured(model) for model in arguments.models]
    tools = {tool: _version(tool) for tool in (COMPILER, QEMU)}
    document = {**provenance(), "board": "mps2-an386, Cortex-M4F", "tools": tools, "models": models}
    write_text(arguments.output, json.dumps(document, indent=1) + "\n")
    print(as_text(HEADER, table(models)))
    for model in models:
        if (host := model["host"]) is not None:
            times = host["times"]
            print(
                f"{model['name']} here: {host['c_ns']:.0f} ns a sample in C, Stream.update "
                f"{times['value']:.3g} ({times['low']:.3g} to {times['high']:.3g}) times as long"
            )
    return 0 if all(build["passed"] for model in models for build in model["builds"]) else 1


def measured(model: str) -> dict[str, Any]:
    """Returns the figures of a capsule; raises InputError for one that the firmware cannot run."""
    content = read_bytes(model)
    name = Path(model).name.removesuffix(".onnx")
    info = Detector.from_bytes(content, name).info
    if info.scaling.kind == "series":
        raise InputError(
            f"{name} takes mean and scale of each series, which the firmware does not give; make "
            "a capsule with --scaling trained"
        )
    made = c_files(content, name)
    warm = info.scaling.history if info.state else info.window
    rows = _ROWS if info.state else info.stride
    values = made_values(warm + rows, len(info.channels))
    wanted = Detector.from_bytes(content, name).stream(threshold="trained").extend(values).score
    wanted = wanted[~np.isnan(wanted)]
    builds = []
    for level in ("-Os", "-O2"):
        with tempfile.TemporaryDirectory() as scratch:
            result = emulate(made, Path(scratch), optimise=level, warm=warm, rows=rows)
        builds.append(_beside(result, wanted, info))
    host = asdict(beside_stream(content, name, made)) if len(info.channels) == 1 else None
    return {
        "name": name,
        "parameters": info.parameters,
        "exact": info.state == 1,
        "said": _said_before(made),
        "builds": builds,
        "host": host,
    }


def _said_before(made: CFiles) -> dict[str, int]:
    """Returns what `export --c` says before it writes."""
    return asdict(made.takes) | {"ram": made.takes.ram, "flash": made.takes.flash}


def _beside(result: Emulated, wanted: Float32, info: CapsuleInfo) -> dict[str, Any]:
    """Returns a build's figures, and how far its scores are from onnxruntime's."""
    built = asdict(result)
    places = np.abs(built.pop("scores").view(np.int32).astype(np.int64) - wanted.view(np.int32))
    off = np.abs(result.scores - wanted) / np.maximum(1.0, wanted)
    passed = not places.any() if info.state == 1 else off.max() <= info.tolerance
    return built | {"ulp": int(places.max()), "score": float(off.max()), "passed": bool(passed)}


def _version(tool: str) -> str:
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return (done.stdout.splitlines() or ["unknown"])[0]
