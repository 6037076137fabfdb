"""`stillwatch doctor [MODEL]`: whether this device can do it, and how fast.

Cold start and memory are those of a fresh process. Times are medians; on a
machine that does other work besides, run it again.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.golden_replay import replay

__all__ = ["add_arguments", "run"]

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimd", "asimddp", "i8mm")
_SETTINGS = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MALLOC_ARENA_MAX")
_ENOUGH = 0.3  # seconds of measuring each figure
_FRESH = """
import json, sys, time
start = time.perf_counter()
from stillwatch.runtime import Detector
imported = time.perf_counter()
detector = Detector.load(sys.argv[1])
loaded = time.perf_counter()
options = {}
if detector.info.scaling.kind != "trained":
    options = {"mean": detector.info.mean, "scale": detector.info.scale}
detector.score([detector.info.mean] * detector.info.window, **options)
scored = time.perf_counter()
from stillwatch.runtime.memory import most_resident_mib
times = (imported - start, loaded - imported, scored - loaded)
print(json.dumps([*times, most_resident_mib()]))
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a check."""
    parser.add_argument(
        "model", nargs="?", default="nab-rds-online",
        help="path of a capsule, or a shipped one (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="samples a second of one stream: can it be held?"
    )
    parser.add_argument("--streams", type=int, default=1, help="with --rate (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Prints the findings; returns 1 where golden vectors fail or the rate cannot be held."""
    if arguments.rate is not None and not arguments.rate > 0:
        raise InputError(f"expected a rate above 0, got {arguments.rate}")
    if arguments.streams < 1:
        raise InputError(f"expected at least one stream, got {arguments.streams}")
    detector = Detector.load(arguments.model)
    _say("versions", _versions())
    _say("processor", _processor())
    _say("settings", _settings())
    result = replay(detector)
    verdict = "passed" if result.passed else "FAILED"
    _say("golden vectors", f"{result.vectors} replayed, {verdict}")
    imported, loaded, scored, memory = _fresh(arguments.model)
    _say(
        "cold start",
        f"{_ms(imported + loaded + scored)}: import {_ms(imported)}, load {_ms(loaded)}, first "
        f"score {_ms(scored)}",
    )
    _say("memory", f"{memory:.0f} MiB resident in that process")
    step = _step_seconds(detector)
    what = "one sample" if detector.info.state else "one window"
    _say(what, f"{step * 1e6:.1f} us through Stream.update")
    if not detector.info.state:
        _say("", f"one every {detector.info.stride} samples, unless --stride says otherwise")
    held = True
    if arguments.rate is not None:
        held = _rate(detector, step, arguments.rate, arguments.streams)
    return 0 if result.passed and held else 1


def _rate(detector: Detector, step: float, rate: float, streams: int) -> bool:
    samples = 1 if detector.info.state else detector.info.stride  # that a call answers
    share = rate * streams / samples * step
    held = share < 1
    _say(
        "rate",
        f"{rate:g} samples a second of {streams} stream{'s' * (streams > 1)}: "
        + (f"held, {share:.1%} of one core" if held else f"NOT held, {share:.1f} cores' work")
        + f"; one core holds {samples / step:,.0f} samples a second in all",
    )
    return held


def _step_seconds(detector: Detector) -> float:
    """Returns the seconds that one answered sample takes, the median of many."""
    info = detector.info
    options: dict[str, Any] = {}
    if info.scaling.kind == "series":
        options = {"mean": info.mean, "scale": info.scale}
    if not info.state:
        options["stride"] = 1
    stream = detector.stream(**options)
    noise = np.random.default_rng(0).normal(size=(4096, len(info.channels)))
    samples = info.mean + noise * info.scale
    for sample in samples:
        if not stream.warm_up:
            break
        stream.update(sample)
    if len(info.channels) == 1:
        value = float(samples[0, 0])
        return _median(lambda: stream.update(value))
    again = itertools.cycle(samples)
    return _median(lambda: stream.update(next(again)))


def _median(call: Callable[[], object]) -> float:
    times: list[float] = []
    end = time.perf_counter() + _ENOUGH
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _fresh(model: str) -> tuple[float, float, float, float]:
    command = [sys.executable, "-c", _FRESH, model]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    imported, loaded, scored, memory = json.loads(done.stdout)
    return imported, loaded, scored, memory


def _versions() -> str:
    packages = ("stillwatch", "onnxruntime", "numpy")
    named = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return f"{named}, Python {platform.python_version()}"


def _processor() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.machine()}, {cores} cores for us{_flags()}"


def _flags() -> str:
    """Returns what of the processor's instructions matters to int8 and fp32, where it is said."""
    try:
        words = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return ""
    result = [flag for flag in _FLAGS if flag in words]
    return f"; {', '.join(result)}" if result else ""


def _settings() -> str:
    given = [f"{name}={os.environ[name]}" for name in _SETTINGS if name in os.environ]
    return "one thread a call" + (f"; {', '.join(given)}" if given else "")


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def _say(name: str, value: str) -> None:
    print(f"{name:>16}  {value}")
