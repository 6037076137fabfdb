"""Measuring processes: started with their threads set, waited for, and read."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from stillwatch.runtime.errors import InputError

__all__ = ["cold_start", "environment", "run_module", "work"]

_LONGEST = 3600  # seconds; a process that takes longer hangs


def environment(threads: int) -> dict[str, str]:
    """Returns the variables that hold every framework to so many threads."""
    libraries = ("OMP", "MKL", "OPENBLAS", "VECLIB_MAXIMUM")
    held = {f"{library}_NUM_THREADS": str(threads) for library in libraries}
    return held | {"MXNET_CPU_WORKER_NTHREADS": str(threads), "OPENVINO_TELEMETRY_DISABLED": "1"}


def work(engines: list[str], threads: int, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns what a fresh process found of these jobs, and which engines were absent."""
    with tempfile.TemporaryDirectory() as scratch:
        spec, answer = Path(scratch) / "jobs.json", Path(scratch) / "answers.json"
        spec.write_text(json.dumps({"engines": engines, "threads": threads, "jobs": jobs}))
        run_module(["stillwatch.benchmarks.latency.worker", str(spec), str(answer)], threads)
        document: dict[str, Any] = json.loads(answer.read_text())
    return document


def cold_start(module: str, path: Path, shape: tuple[int, int], threads: int) -> dict[str, float]:
    """Returns the figures of a fresh process that loads an engine and answers one window."""
    window, channels = (str(size) for size in shape)
    words = [
        "stillwatch.benchmarks.latency.cold",
        module,
        str(path),
        window,
        channels,
        str(threads),
    ]
    figures: dict[str, float] = json.loads(run_module([*words, repr(time.time())], threads))
    return figures


def run_module(words: list[str], threads: int) -> str:
    """Returns the standard output of a module of ours, run by this Python."""
    try:
        done = subprocess.run(  # noqa: S603  (our own module, by our own interpreter)
            [sys.executable, "-W", "ignore", "-m", *words],
            env={**os.environ, **environment(threads)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"a measuring process was ended after {_LONGEST} s: name fewer networks or engines"
        ) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(
            f"a measuring process ended with status {done.returncode}: {last[:300]}; "
            "leave an engine out with --engines"
        )
    return done.stdout
