"""What a card lacks of the edge runtime: the second thread, and memory over a long series."""

import json
import tempfile
from pathlib import Path

from stillwatch.benchmarks.latency.engines import named
from stillwatch.benchmarks.latency.plan import Plan
from stillwatch.benchmarks.latency.processes import run_module
from stillwatch.benchmarks.latency.statistics import Ratio, ratio
from stillwatch.benchmarks.latency.subjects import made_subjects

__all__ = ["SAMPLES", "memory", "second_thread"]

SAMPLES = (1_000_000, 10_000_000)
_WORKER = "stillwatch.benchmarks.latency.edge.worker"


def second_thread(processes: int) -> dict[str, Ratio]:
    """Returns how many times longer 256 windows take on one thread than on two, by precision."""
    result = {}
    with tempfile.TemporaryDirectory() as scratch:
        student = next(
            one for one in made_subjects(Plan.quick(), Path(scratch)) if one.name == "student"
        )
        for engine in named(["onnxruntime-projected", "onnxruntime-int8-projected"]):
            path = engine.prepare(student.folder, Path(scratch) / engine.name)
            spans = [
                json.loads(run_module([_WORKER, "threads", str(path), str(seed)], threads=1))
                for seed in range(processes)
            ]
            one, two = ([span[threads] for span in spans] for threads in ("1", "2"))
            result[engine.name] = ratio(one, two)
    return result


def memory() -> dict[str, float]:
    """Returns the MiB that a fresh process held at most, by how many samples it scored."""
    return {
        f"{samples:,}": float(run_module([_WORKER, "memory", str(samples)], threads=1))
        for samples in SAMPLES
    }
