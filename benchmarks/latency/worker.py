"""One measuring process: reads its jobs, starts the engines, measures, writes what it found.

    python -m stillwatch.benchmarks.latency.worker JOBS.json ANSWERS.json

A process of its own, so that threads are set in its environment before any
framework is imported, and so that several of them show what one process
cannot: how much of a figure is the luck of its memory layout.
"""

import gc
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.engines import available, named
from stillwatch.benchmarks.latency.engines.base import Engine, Run, largest_and_mean
from stillwatch.benchmarks.latency.peak_throughput import measure_peaks
from stillwatch.benchmarks.latency.plan import best_chunk, chunks_of
from stillwatch.benchmarks.latency.shipped.capsules import time_capsules
from stillwatch.benchmarks.latency.shipped.energy import counters, millijoules
from stillwatch.benchmarks.latency.timing import Pace, interleave
from stillwatch.runtime.arrays import LARGEST, Float32

__all__ = ["check_parity", "in_chunks", "main", "sweep", "time_scenarios", "time_steps"]

Job = dict[str, Any]
Chunks = dict[str, dict[str, int]]  # windows a call, by scenario and engine


def check_parity(
    job: Job, runs: dict[str, Run], engines: Mapping[str, Engine] | None = None
) -> dict[str, dict[str, float]]:
    """Returns each engine's largest and mean distance from float64: a control's from its own."""
    checked, of_network = np.load(job["checked"]), np.load(job["expected"])
    result = {}
    for name, run in runs.items():
        expected = of_network
        if engines is not None and (own := engines[name].expected) is not None:
            expected = own(job["engines"][name], checked.astype(np.float64))
        largest, mean = largest_and_mean(run(checked), expected)
        # JSON has no infinity, and the schema no NaN: the largest number says it.
        result[name] = {"largest": min(largest, LARGEST), "mean": min(mean, LARGEST)}
    return result


def sweep(job: Job, runs: dict[str, Run]) -> dict[str, list[float]]:
    """Returns each engine's span in us by windows a call.

    Of the fastest burst: whatever disturbs only adds, and a size is not to be
    passed over because a neighbour woke up.
    """
    windows = np.load(job["windows"])
    pace = Pace(rounds=3, seconds=job["sweep_seconds"] * len(runs), burst=0.004, fewest=2)
    result: dict[str, list[float]] = {name: [] for name in runs}
    for batch in job["batches"]:
        tasks = {name: _task(run, windows[:batch]) for name, run in runs.items()}
        for name, rounds in interleave(tasks, pace, seed=job["seed"]).items():
            result[name].append(min(float(np.median(burst)) for burst in rounds))
    return result


def time_scenarios(
    job: Job, runs: dict[str, Run], chunks: Chunks, baseline: Run | None
) -> dict[str, Any]:
    """Returns the spans in us of each scenario, by engine, round and call.

    chunks: windows a call, by scenario and engine. baseline: another network,
    timed in the same rounds under the name "" where a chunk is given for it.
    """
    windows = np.load(job["windows"])
    everyone = runs if baseline is None else {**runs, "": baseline}
    result = {}
    for scenario, by_engine in chunks.items():
        query = windows[: job["scenarios"][scenario]]
        tasks = {name: in_chunks(everyone[name], query, chunk) for name, chunk in by_engine.items()}
        result[scenario] = interleave(tasks, Pace(**job["pace"]), seed=job["seed"])
    return result


def time_steps(job: Job, engines: dict[str, Engine], threads: int) -> dict[str, Any]:
    """Returns the spans in us of one step of one stream and of a fleet, by engine."""
    result = {}
    for scenario, streams in job["steps"].items():
        tasks = {}
        values = np.random.default_rng(job["seed"]).normal(size=(64, streams)).astype(np.float32)
        for name, path in job["engines"].items():
            load_step = engines[name].load_step
            if load_step is not None:
                tasks[name] = _stepping(load_step(path, streams, threads), values)
        result[scenario] = interleave(tasks, Pace(**job["pace"]), seed=job["seed"])
    return result


def in_chunks(run: Run, windows: Float32, chunk: int) -> Callable[[], object]:
    """Returns a call that runs all windows in parts of `chunk`."""
    parts = [np.ascontiguousarray(windows[part]) for part in chunks_of(len(windows), chunk)]
    if len(parts) == 1:
        return _task(run, parts[0])

    def task() -> None:
        for part in parts:
            run(part)

    return task


def main(spec_path: str, answer_path: str) -> None:
    """Does the jobs in a file, one after the other, with the engines that can run here."""
    spec = json.loads(Path(spec_path).read_text())
    started, absent = available(named(spec["engines"]))
    engines = {engine.name: engine for engine in started}
    chosen: dict[str, Chunks] = {}
    result = [_do(job, engines, spec["threads"], chosen) for job in spec["jobs"]]
    Path(answer_path).write_text(json.dumps({"absent": absent, "found": result}))


def _do(
    job: Job, engines: dict[str, Engine], threads: int, chosen: dict[str, Chunks]
) -> dict[str, Any]:
    """Returns what a job found; adds the chunks of its network to those that were chosen."""
    if job["stage"] == "peaks":
        return asdict(measure_peaks())
    if job["stage"] == "capsules":
        return {"spans": time_capsules(job, engines, threads)}
    job["engines"] = {n: Path(p) for n, p in job["engines"].items() if n in engines}
    if job["stage"] == "steps":
        return {"spans": time_steps(job, engines, threads)}
    runs = {name: engines[name].load(path, threads) for name, path in job["engines"].items()}
    # Collections between rounds are to look at what the rounds made, not at whole frameworks; the
    # networks of the job before go first.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    if job["stage"] == "parity":
        return check_parity(job, runs, engines)
    swept = sweep(job, runs) if job["batches"] else {}
    chunks = _chunks(job, runs, swept)
    chosen[job["subject"]] = chunks
    baseline = None
    if base := job["baseline"]:
        baseline = engines[base["engine"]].load(Path(base["path"]), threads)
        for scenario in base["scenarios"]:
            chunks[scenario][""] = chosen[base["subject"]][scenario][base["engine"]]
    spans = time_scenarios(job, runs, chunks, baseline)
    energy = _energy(job, runs, chunks) if job["energy"] else {}
    return {"spans": spans, "sweep": swept, "chunks": chunks, "energy": energy}


def _chunks(job: Job, runs: dict[str, Run], swept: dict[str, list[float]]) -> Chunks:
    """Returns the windows a call that were fastest in this process, by scenario and engine."""
    return {
        scenario: {
            name: best_chunk(job["batches"], swept[name], windows) if windows > 1 else 1
            for name in runs
        }
        for scenario, windows in job["scenarios"].items()
    }


def _energy(job: Job, runs: dict[str, Run], chunks: Chunks) -> dict[str, dict[str, float]]:
    """Returns millijoules a query of a scenario, by engine."""
    scenario, zones = job["energy"], counters()
    query = np.load(job["windows"])[: job["scenarios"][scenario]]
    return {
        scenario: {
            name: round(millijoules(in_chunks(run, query, chunks[scenario][name]), zones), 6)
            for name, run in runs.items()
        }
    }


def _task(run: Run, windows: Float32) -> Callable[[], object]:
    held = np.ascontiguousarray(windows)
    return lambda: run(held)


def _stepping(step: Callable[[Float32], object], values: Float32) -> Callable[[], object]:
    at = 0

    def task() -> None:
        nonlocal at
        step(values[at % len(values)])
        at += 1

    return task


if __name__ == "__main__":
    main(*sys.argv[1:])
