"""What a card lacks of the edge runtime: the second thread, and memory over a long series."""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.bench_plan import Plan
from stillwatch.benchmarks.bench_processes import environment
from stillwatch.benchmarks.bench_statistics import Ratio, ratio
from stillwatch.benchmarks.bench_subjects import made_subjects
from stillwatch.benchmarks.bench_timing import Pace, interleave
from stillwatch.benchmarks.engines import named
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError

__all__ = ["SAMPLES", "memory", "second_thread"]

SAMPLES = (1_000_000, 10_000_000)
_WINDOWS = 256
_CHUNK = 10_000  # samples handed over at once, as a reader of a large file would

# Values are drawn chunk by chunk, so that the series itself is in nobody's memory.
_LONG = """
import json, sys
import numpy as np
from stillwatch.runtime import Detector
detector = Detector.load("nab-rds-online")
generator = np.random.default_rng(0)
samples, chunk = map(int, sys.argv[1:])
chunks = (20 + generator.normal(size=chunk) for _ in range(samples // chunk))
rows = sum(len(result.score) for result in detector.score_chunks(chunks))
assert rows == samples
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps(int(peak.split()[1]) / 1024))
"""


def second_thread(pace: Pace) -> dict[str, Ratio]:
    """Returns how many times longer 256 windows take on one thread than on two, by precision."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        student = next(
            one for one in made_subjects(Plan.quick(), Path(scratch)) if one.name == "student"
        )
        for engine in named(["onnxruntime-projected", "onnxruntime-int8"]):
            path = engine.prepare(student.folder, Path(scratch) / engine.name)
            detector = Detector.load(path)
            rows = np.random.default_rng(0).normal(size=_WINDOWS * detector.info.window)
            tasks = {
                str(threads): partial(detector.score, rows, threads=threads) for threads in (1, 2)
            }
            rounds = interleave(tasks, pace, seed=0)
            medians = {
                name: [[float(np.median(burst)) for burst in bursts]]
                for name, bursts in rounds.items()
            }
            found[engine.name] = ratio(medians["1"], medians["2"])
    return found


def memory() -> dict[str, float]:
    """Returns the MiB that a fresh process held at most, by how many samples it scored."""
    return {f"{samples:,}": _held(samples) for samples in SAMPLES}


def _held(samples: int) -> float:
    done = subprocess.run(  # noqa: S603  (our own program, by our own interpreter)
        [sys.executable, "-c", _LONG, str(samples), str(_CHUNK)],
        env=environment(1),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InputError(f"the long series could not be scored: {done.stderr.strip()[-300:]}")
    return float(json.loads(done.stdout))
