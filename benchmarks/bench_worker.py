"""One measuring process: reads its jobs, starts the engines, measures, writes what it found.

    python -m stillwatch.benchmarks.bench_worker JOBS.json ANSWERS.json

A process of its own, so that threads are set in its environment before any
framework is imported, and so that several of them show what one process
cannot: how much of a figure is the luck of its memory layout.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.bench_plan import chunks_of
from stillwatch.benchmarks.bench_timing import Pace, interleave
from stillwatch.benchmarks.engines import available, named
from stillwatch.benchmarks.engines.base import Engine, Run, largest_and_mean
from stillwatch.benchmarks.peaks import measure_peaks
from stillwatch.runtime.arrays import Float32

__all__ = ["in_chunks", "main", "survey", "time_scenarios", "time_steps"]

Job = dict[str, Any]


def survey(job: Job, runs: dict[str, Run], engines: dict[str, Engine]) -> dict[str, Any]:
    """Returns each engine's distance from float64, and its span by windows a call.

    An engine beyond its tolerance is not timed.
    """
    windows = np.load(job["windows"])
    checked, expected = np.load(job["checked"]), np.load(job["expected"])
    parity: dict[str, dict[str, float]] = {}
    sweep: dict[str, list[float]] = {}
    for name, run in runs.items():
        largest, mean = largest_and_mean(run(checked), expected)
        # JSON has no infinity, and the schema no NaN: the largest number says it.
        most = float(np.finfo(np.float32).max)
        parity[name] = {"largest": min(largest, most), "mean": min(mean, most)}
    sound = {n: run for n, run in runs.items() if parity[n]["largest"] <= engines[n].tolerance}
    pace = Pace(rounds=3, seconds=job["survey_seconds"] * len(sound), burst=0.004)
    for batch in job["batches"]:
        tasks = {name: _task(run, windows[:batch]) for name, run in sound.items()}
        for name, rounds in interleave(tasks, pace, seed=job["seed"]).items():
            sweep.setdefault(name, []).append(float(np.median(np.concatenate(rounds))))
    return {"parity": parity, "sweep": sweep}


def time_scenarios(job: Job, runs: dict[str, Run], baseline: Run | None) -> dict[str, Any]:
    """Returns the spans in us of each scenario, by engine, round and call.

    baseline: another network, timed in the same rounds under the name "".
    """
    windows = np.load(job["windows"])
    pace = Pace(**job["pace"])
    found = {}
    for scenario, chunks in job["chunks"].items():
        query = windows[: job["scenarios"][scenario]]
        tasks = {name: in_chunks(runs[name], query, chunk) for name, chunk in chunks.items()}
        if baseline is not None and scenario in job["baseline"]["chunks"]:
            tasks[""] = in_chunks(baseline, query, job["baseline"]["chunks"][scenario])
        found[scenario] = interleave(tasks, pace, seed=job["seed"])
    return found


def time_steps(job: Job, engines: dict[str, Engine], threads: int) -> dict[str, Any]:
    """Returns the spans in us of one step of one stream and of a fleet, by engine."""
    found = {}
    for scenario, streams in job["steps"].items():
        tasks = {}
        values = np.random.default_rng(job["seed"]).normal(size=(64, streams)).astype(np.float32)
        for name, path in job["engines"].items():
            load_step = engines[name].load_step
            if load_step is not None:
                tasks[name] = _stepping(load_step(path, streams, threads), values)
        found[scenario] = interleave(tasks, Pace(**job["pace"]), seed=job["seed"])
    return found


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
    found = [_do(job, engines, spec["threads"]) for job in spec["jobs"]]
    Path(answer_path).write_text(json.dumps({"absent": absent, "found": found}))


def _do(job: Job, engines: dict[str, Engine], threads: int) -> dict[str, Any]:
    if job["stage"] == "peaks":
        return asdict(measure_peaks())
    job["engines"] = {n: Path(p) for n, p in job["engines"].items() if n in engines}
    if job["stage"] == "steps":
        return time_steps(job, engines, threads)
    runs = {name: engines[name].load(path, threads) for name, path in job["engines"].items()}
    if job["stage"] == "survey":
        return survey(job, runs, engines)
    base = job["baseline"]
    baseline = engines[base["engine"]].load(Path(base["path"]), threads) if base else None
    return time_scenarios(job, runs, baseline)


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
