"""Draws hostile input for every reader, an hour each, and counts what was drawn.

    PYTHONPATH=tests python -m endurance.fuzz --minutes 60 --out fuzz.json

A target is a test of the suite that draws its inputs. It runs again and again, with other draws
each time, until its time is over or it fails; then what failed is in the report.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from stillwatch.runtime.report.machine import machine

__all__ = ["TARGETS", "Tally", "counted", "fuzz"]

FEW, MOST = 100, 20_000  # draws of the first round, and of any
ROUND = 600.0  # seconds that a round is to take: its imports take some of a busy machine's
# Bounded and at a line's begin: what failed may be printed beside it, a number of 300,000 digits.
_DRAWN = re.compile(
    r"^ *- (\d{1,9}) passing(?: \w+)?, (\d{1,9}) failing(?: \w+)?, and (\d{1,9}) invalid",
    re.MULTILINE,
)

_CAPSULE = "tests/runtime/capsule/test_fuzz_capsule.py"
_SNAPSHOT = "tests/runtime/streaming/test_snapshot_refused.py"
_HOSTILE = "tests/export/importing/test_hostile.py"
_INSIDE = "tests/export/importing/test_hostile_inside.py"
# What is attacked -> the tests that do it, as pytest takes them.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "tables": ("tests/runtime/test_fuzz.py::test_any_file_is_read_or_refused_in_one_line",),
    "score": ("tests/runtime/test_fuzz.py::test_any_series_is_scored_or_refused",),
    "watch": ("tests/runtime/test_fuzz.py::test_any_line_is_answered_in_json",),
    "lines": ("tests/runtime/watch/test_fuzz_watch.py", "-k", "any_lines"),
    "line protocol": ("tests/runtime/watch/influx/test_line_protocol.py", "-k", "escaped"),
    "state": ("tests/runtime/watch/test_fuzz_watch.py", "-k", "a_state"),
    "snapshot": (_SNAPSHOT, "-k", "test_other_bytes or test_any"),
    "capsule bytes": (_CAPSULE, "-k", "test_damaged_bytes"),
    "capsule metadata": (_CAPSULE, "-k", "other_values or other_text"),
    "capsule graph": (_CAPSULE, "-k", "other_graph"),
    "capsule readers": ("tests/runtime/capsule/test_graph.py", "-k", "every_reader"),
    "checkpoint": ("tests/runtime/test_fuzz.py::test_any_checkpoint_is_exported_or_refused",),
    "parameters": ("tests/train/data/test_params.py", "-k", "random_bytes or mutated"),
    "gluon": (_HOSTILE, _INSIDE, "-k", "params or npz or symbol.json"),
    "keras": (_HOSTILE, _INSIDE, "-k", "keras or hdf5"),
    "torch": (_HOSTILE, _INSIDE, "-k", "safetensors or pytorch"),
    "onnx": (_HOSTILE, "-k", "onnx and test_damage"),
}


@dataclass
class Tally:
    """What one target was given; processor: seconds of it, fewer than the clock's if others run."""

    target: str
    seconds: float = 0.0
    processor_seconds: float = 0.0
    rounds: int = 0
    draws: int = 0
    failures: int = 0
    said: str = ""


def counted(text: str) -> int:
    """Returns how many inputs were drawn, by what Hypothesis says of its tests."""
    return sum(sum(map(int, found)) for found in _DRAWN.findall(text))


def fuzz(target: str, minutes: float) -> Tally:
    """Returns what came of drawing for so long; stops at the first failure."""
    tally, began, draws = Tally(target), time.monotonic(), FEW
    while tally.seconds < 60 * minutes and not tally.failures:
        before, drawn = tally.seconds, tally.draws
        _round(tally, draws)
        tally.rounds += 1
        tally.seconds = time.monotonic() - began
        # Each test draws so many: what a round of all of them takes tells how large the next is.
        pace = draws / (tally.seconds - before)
        left = min(ROUND, 60 * minutes - tally.seconds)
        draws = min(max(int(pace * left), 10), MOST, 20 * draws)
        if tally.draws == drawn and not tally.failures:
            tally.failures, tally.said = 1, "nothing was drawn"
    tally.seconds = round(tally.seconds, 1)
    tally.processor_seconds = round(tally.processor_seconds, 1)
    return tally


def _round(tally: Tally, draws: int) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    words += ["--hypothesis-profile=fuzz", "--hypothesis-show-statistics", *TARGETS[tally.target]]
    with tempfile.TemporaryFile() as said, _folder() as folder:
        env = os.environ | {"STILLWATCH_FUZZ_DRAWS": str(draws), "OMP_NUM_THREADS": "1"}
        words += [f"--basetemp={folder}/pytest"]
        process = subprocess.Popen(words, stdout=said, stderr=said, env=env)
        _, status, used = os.wait4(process.pid, 0)  # with the processes that it has awaited
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    tally.processor_seconds += used.ru_utime + used.ru_stime
    tally.draws += counted(text)
    if process.returncode != 0:
        tally.failures, tally.said = 1, text[-20_000:]


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield folder


def main() -> int:
    """Runs all targets, writes the tallies, and returns 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="for each target")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    report = {
        "command": f"PYTHONPATH=tests python -m endurance.fuzz --minutes {arguments.minutes:g} "
        f"--at-once {arguments.at_once} --targets {' '.join(map(repr, arguments.targets))} "
        "--out FILE",
        "commit": commit,
        "processor": machine().cpu,
        "cores": os.cpu_count(),
    }
    tallies = []
    with ThreadPoolExecutor(arguments.at_once) as pool:
        begun = [pool.submit(fuzz, target, arguments.minutes) for target in arguments.targets]
        for one in as_completed(begun):
            tallies.append(one.result())
            print(tallies[-1], flush=True)
            tallies.sort(key=lambda tally: list(TARGETS).index(tally.target))
            totals = {"draws": sum(tally.draws for tally in tallies)}
            totals["failures"] = sum(tally.failures for tally in tallies)
            content = report | totals | {"targets": [asdict(tally) for tally in tallies]}
            arguments.out.write_text(json.dumps(content, indent=1) + "\n")
    return int(any(tally.failures for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
