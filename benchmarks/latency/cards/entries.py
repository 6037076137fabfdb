"""What measuring processes found, as entries of a card. Pure functions."""

from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.cards.card import Energy, Parity, Sweep, Timing
from stillwatch.benchmarks.latency.engines.base import Engine
from stillwatch.benchmarks.latency.prepare import Prepared
from stillwatch.benchmarks.latency.shipped.capsules import SEPARATOR
from stillwatch.benchmarks.latency.statistics import quantiles

__all__ = ["energy_entries", "parity_entries", "sweep_entries", "timing_entries"]

Job = dict[str, Any]  # one for each process, and of each process what it found
Found = dict[str, Any]


def parity_entries(
    prepared: list[Prepared], result: list[Found], engines: list[Engine]
) -> list[Parity]:
    """Returns how far every engine was from float64 on every network."""
    tolerances = {engine.name: engine.tolerance for engine in engines}
    return [
        Parity(subject=one.subject.name, engine=name, tolerance=tolerances[name], **figures)
        for one, by_engine in zip(prepared, result, strict=True)
        for name, figures in by_engine.items()
    ]


def timing_entries(jobs: list[Job], passes: list[list[Found]]) -> list[Timing]:
    """Returns every engine's spans in every scenario, over all processes."""
    timings = []
    for place, job in enumerate(jobs):
        result = [one[place] for one in passes]
        for scenario, by_engine in result[0]["spans"].items():
            spans = {e: [process["spans"][scenario][e] for process in result] for e in by_engine}
            baseline = _medians(spans.pop("", []))
            windows = job[job["stage"]][scenario]
            for name, processes in spans.items():
                subject, _, engine = name.rpartition(SEPARATOR)
                calls = [us for rounds in processes for burst in rounds for us in burst]
                timings.append(
                    Timing(
                        subject=subject or job["subject"],
                        engine=engine,
                        scenario=scenario,
                        windows=windows,
                        chunks=[
                            process["chunks"][scenario][name] if "chunks" in process else windows
                            for process in result
                        ],
                        calls=len(calls),
                        quantiles=quantiles(calls),
                        rounds=_medians(processes),
                        baseline=baseline,
                    )
                )
    return timings


def sweep_entries(jobs: list[Job], passes: list[list[Found]]) -> list[Sweep]:
    """Returns every engine's spans by windows a call, process by process."""
    return [
        Sweep(
            subject=job["subject"],
            engine=engine,
            windows=job["batches"],
            us=[one[place]["sweep"][engine] for one in passes],
        )
        for place, job in enumerate(jobs)
        for engine in passes[0][place].get("sweep", {})
    ]


def energy_entries(jobs: list[Job], passes: list[list[Found]]) -> list[Energy]:
    """Returns what every engine took of the processor's energy, where that was read."""
    return [
        Energy(
            subject=job["subject"],
            engine=engine,
            scenario=scenario,
            windows=job["scenarios"][scenario],
            millijoules=[one[place]["energy"][scenario][engine] for one in passes],
        )
        for place, job in enumerate(jobs)
        for scenario, by_engine in passes[0][place].get("energy", {}).items()
        for engine in by_engine
    ]


def _medians(processes: list[list[list[float]]]) -> list[list[float]]:
    """Returns the median us of each burst, to a nanosecond, which is what the clock counts."""
    return [[round(float(np.median(burst)), 3) for burst in rounds] for rounds in processes]
