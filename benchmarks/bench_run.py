"""A whole run: networks, parity, timings, cold starts, peaks; out comes a card."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from stillwatch.benchmarks.bench_plan import BASELINE, Plan
from stillwatch.benchmarks.bench_prepare import (
    Prepared,
    Setup,
    engine_entry,
    prepare,
    subject_entry,
)
from stillwatch.benchmarks.bench_processes import cold_start, environment, work
from stillwatch.benchmarks.bench_statistics import quantiles
from stillwatch.benchmarks.cards import (
    CARD_SCHEMA,
    Card,
    Cold,
    Parity,
    Peaks,
    Sweep,
    Timing,
)
from stillwatch.benchmarks.engines.base import Engine
from stillwatch.benchmarks.machine import machine, provenance
from stillwatch.runtime.errors import InputError
from stillwatch.train.config import NabRdsConfig

__all__ = ["measure"]


def measure(setup: Setup) -> Card:
    """Returns the card of a run; the engines work in processes of their own."""
    about, host = provenance(), machine()
    refused: dict[str, str] = {}
    prepared = [prepare(subject, setup, refused) for subject in setup.subjects]
    plan, names = setup.plan, [engine.name for engine in setup.engines]
    steps = 1 + plan.processes + 1
    with tqdm(total=steps, desc="survey and parity", unit="stage", file=sys.stderr) as bar:
        survey = work(names, setup.threads, [{"stage": "peaks"}, *_survey_jobs(prepared, plan)])
        if len(survey["absent"]) == len(names):
            raise InputError(f"none of the engines can run here: {survey['absent']}")
        peaks, *surveyed = survey["found"]
        parity, sweep = _read_survey(prepared, surveyed, setup.engines, plan)
        bar.update()
        bar.set_description("latency")
        jobs = list(_timing_jobs(prepared, parity, sweep, plan))
        passes = []
        for process in range(plan.processes):
            seeded = [job | {"seed": plan.seed + process} for job in jobs]
            passes.append(work(names, setup.threads, seeded)["found"])
            bar.update()
        bar.set_description("cold starts")
        cold = _cold_starts(prepared, parity, setup)
        bar.update()
    return Card(
        schema=CARD_SCHEMA,
        command=str(about["command"]),
        date=str(about["date"]),
        machine=host,
        versions=dict(about["versions"]),  # type: ignore[call-overload]
        threads=setup.threads,
        environment=environment(setup.threads),
        plan=asdict(plan),
        peaks=Peaks(**peaks),
        subjects=[subject_entry(one) for one in prepared],
        engines=[engine_entry(e) for e in setup.engines if e.name not in survey["absent"]],
        absent=survey["absent"],
        refused=refused,
        parity=parity,
        timings=_timings(jobs, passes),
        cold=cold,
        sweep=sweep,
    )


def _survey_jobs(prepared: list[Prepared], plan: Plan) -> Iterator[dict[str, Any]]:
    for one in prepared:
        swept = plan.batches if not one.subject.scaling else ()
        yield one.job | {
            "stage": "survey",
            "batches": list(swept),
            "survey_seconds": plan.survey_seconds,
        }


def _read_survey(
    prepared: list[Prepared], found: list[dict[str, Any]], engines: list[Engine], plan: Plan
) -> tuple[list[Parity], list[Sweep]]:
    tolerances = {engine.name: engine.tolerance for engine in engines}
    parity, sweep = [], []
    for one, answer in zip(prepared, found, strict=True):
        name = one.subject.name
        parity += [
            Parity(subject=name, engine=engine, tolerance=tolerances[engine], **figures)
            for engine, figures in answer["parity"].items()
        ]
        sweep += [
            Sweep(subject=name, engine=engine, windows=list(plan.batches), us=us)
            for engine, us in answer["sweep"].items()
        ]
    return parity, sweep


def _timing_jobs(
    prepared: list[Prepared], parity: list[Parity], sweep: list[Sweep], plan: Plan
) -> Iterator[dict[str, Any]]:
    """Yields what each process does: every scenario of each network, then the steps."""
    sound = {(p.subject, p.engine) for p in parity if p.passed}
    swept = {(s.subject, s.engine): s for s in sweep}
    for one in prepared:
        name, scaling = one.subject.name, one.subject.scaling
        paths = {e: path for e, path in one.paths.items() if (name, e) in sound}
        scenarios = {s: n for s, n in plan.scenarios.items() if not (scaling and n > 1)}
        chunks = {
            scenario: {e: _best_chunk(swept.get((name, e)), windows) for e in paths}
            for scenario, windows in scenarios.items()
        }
        job = one.job | {"engines": paths, "pace": asdict(plan.pace)}
        yield job | {
            "stage": "scenarios",
            "scenarios": scenarios,
            "chunks": chunks,
            "baseline": _baseline(one, prepared, sound, swept, plan),
        }
        if isinstance(one.subject.checkpoint.config, NabRdsConfig):
            yield job | {"stage": "steps", "steps": plan.steps}


def _baseline(
    one: Prepared,
    prepared: list[Prepared],
    sound: set[tuple[str, str]],
    swept: dict[tuple[str, str], Sweep],
    plan: Plan,
) -> dict[str, Any] | None:
    """Returns the network to be timed in another one's rounds, where it takes the same windows.

    So a multiple of it compares what met the same machine. Not Offline, where
    it would take most of the time.
    """
    of = next((p for p in prepared if p.subject.name == BASELINE[0]), None)
    if of is None or of is one or BASELINE not in sound or one.subject.scaling:
        return None
    configs = [p.subject.checkpoint.config for p in (of, one)]
    if configs[0].window != configs[1].window or of.subject.channels != one.subject.channels:
        return None
    chunks = {
        scenario: _best_chunk(swept.get(BASELINE), plan.scenarios[scenario])
        for scenario in ("SingleStream", "MultiStream")
    }
    return {"engine": BASELINE[1], "path": of.paths[BASELINE[1]], "chunks": chunks}


def _best_chunk(sweep: Sweep | None, windows: int) -> int:
    """Returns the windows a call at which a window was fastest, of those that fit."""
    if sweep is None or windows == 1:
        return windows
    fitting = [(us / n, n) for n, us in zip(sweep.windows, sweep.us, strict=True) if n <= windows]
    return min(fitting)[1]


def _timings(jobs: list[dict[str, Any]], passes: list[list[dict[str, Any]]]) -> list[Timing]:
    timings = []
    for place, job in enumerate(jobs):
        sizes = job[job["stage"]]
        for scenario, by_engine in passes[0][place].items():
            spans = {e: [found[place][scenario][e] for found in passes] for e in by_engine}
            baseline = _medians(spans.pop("", []))
            for engine, processes in spans.items():
                calls = [us for rounds in processes for burst in rounds for us in burst]
                chunks = job.get("chunks", {}).get(scenario, {})
                timings.append(
                    Timing(
                        subject=job["subject"],
                        engine=engine,
                        scenario=scenario,
                        windows=sizes[scenario],
                        chunk=chunks.get(engine, sizes[scenario]),
                        calls=len(calls),
                        quantiles=quantiles(calls),
                        rounds=_medians(processes),
                        baseline=baseline,
                    )
                )
    return timings


def _medians(processes: list[list[list[float]]]) -> list[list[float]]:
    return [[float(np.median(burst)) for burst in rounds] for rounds in processes]


def _cold_starts(prepared: list[Prepared], parity: list[Parity], setup: Setup) -> list[Cold]:
    """Returns cold starts with one network, in turn, so that drift meets all engines alike."""
    named = [one for one in prepared if one.subject.name == "student"]
    one = (named or prepared)[0]
    sound = {p.engine for p in parity if p.subject == one.subject.name and p.passed}
    engines = [engine for engine in setup.engines if engine.name in sound]
    shape = (one.subject.checkpoint.config.window, one.subject.channels)
    found: dict[str, list[dict[str, float]]] = {engine.name: [] for engine in engines}
    for repeat in range(setup.plan.cold + 1):
        for engine in engines:
            module = engine.load.__module__  # several engines may share a loader
            path = Path(one.paths[engine.name])
            figures = cold_start(module, path, shape, setup.threads)
            if repeat:  # the first round only brings the files into memory
                found[engine.name].append(figures)
    return [
        Cold(
            subject=one.subject.name,
            engine=name,
            **{part: [round(row[part], 3) for row in rows] for part in rows[0]},
        )
        for name, rows in found.items()
    ]
