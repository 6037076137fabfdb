"""A whole run: networks, parity, timings, cold starts, peaks; out comes a card."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stillwatch.benchmarks.latency.cards.card import CARD_SCHEMA, Card, Cold, Parity, Peaks
from stillwatch.benchmarks.latency.cards.entries import (
    energy_entries,
    parity_entries,
    sweep_entries,
    timing_entries,
)
from stillwatch.benchmarks.latency.plan import BASELINE
from stillwatch.benchmarks.latency.prepare import (
    Prepared,
    Setup,
    engine_entry,
    prepare,
    subject_entry,
)
from stillwatch.benchmarks.latency.processes import cold_start, environment, work
from stillwatch.benchmarks.latency.shipped import capsules, energy
from stillwatch.export.families.table import family_of
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.report.machine import machine, provenance

__all__ = ["measure"]


def measure(setup: Setup) -> Card:
    """Returns the card of a run; the engines work in processes of their own."""
    about, host = provenance(), machine()
    refused: dict[str, str] = {}
    prepared = [prepare(subject, setup, refused) for subject in setup.subjects]
    # The baseline before those that have it in their rounds, in parts of the size it is best in.
    prepared.sort(key=lambda one: one.subject.name != BASELINE[0])
    plan, names = setup.plan, [engine.name for engine in setup.engines]
    steps = 1 + plan.processes + 1
    with tqdm(total=steps, desc="parity", unit="stage", file=sys.stderr) as bar:
        checks = [one.job | {"stage": "parity"} for one in prepared]
        checked = work(names, setup.threads, [{"stage": "peaks"}, *checks])
        if len(checked["absent"]) == len(names):
            raise InputError(f"none of the engines can run here: {checked['absent']}")
        peaks, *distances = checked["found"]
        parity = parity_entries(prepared, distances, setup.engines)
        bar.update()
        bar.set_description("latency")
        jobs = list(_timing_jobs(prepared, parity, setup, refused))
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
        versions=dict(about["versions"]),
        threads=setup.threads,
        environment=environment(setup.threads),
        plan=asdict(plan),
        peaks=Peaks(**peaks),
        subjects=[subject_entry(one) for one in prepared],
        engines=[engine_entry(e) for e in setup.engines if e.name not in checked["absent"]],
        absent=checked["absent"],
        refused=refused,
        parity=parity,
        timings=timing_entries(jobs, passes),
        cold=cold,
        sweep=sweep_entries(jobs, passes),
        energy=energy_entries(jobs, passes),
        no_energy=energy.unreadable(),
    )


def _timing_jobs(
    prepared: list[Prepared], parity: list[Parity], setup: Setup, refused: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yields what each process does: a sweep and every scenario of each network, then its steps.

    At last the shipped capsules. refused: takes why their C is not among them.
    """
    plan, no_energy = setup.plan, energy.unreadable()
    sound = {(p.subject, p.engine) for p in parity if p.passed}
    for one in prepared:
        name, scaling = one.subject.name, one.subject.scaling
        job = one.job | {
            "engines": {e: path for e, path in one.paths.items() if (name, e) in sound},
            "pace": asdict(plan.pace),
        }
        scenarios = {scenario: plan.scenarios[scenario] for scenario in one.subject.scenarios}
        most = max(scenarios.values())
        measured = "MultiStream" if "Bulk" in scenarios and not no_energy else ""
        yield job | {
            "stage": "scenarios",
            "scenarios": scenarios,
            "batches": [] if scaling else [n for n in plan.batches if n <= most],
            "energy": measured,
            "sweep_seconds": plan.sweep_seconds,
            "baseline": _baseline(one, prepared, sound),
        }
        if family_of(one.subject.checkpoint).causal:
            yield job | {"stage": "steps", "steps": plan.steps}
    if setup.capsules:
        yield _capsules_job(prepared, sound, setup, refused)


def _capsules_job(
    prepared: list[Prepared], sound: set[tuple[str, str]], setup: Setup, refused: dict[str, str]
) -> dict[str, Any]:
    """Returns the job of the shipped capsules, with the teacher beside them where it is there."""
    in_c = next((engine for engine in setup.engines if engine.name == "c"), None)
    teacher = next((one for one in prepared if one.subject.name == BASELINE[0]), None)
    job: dict[str, Any] = {
        "stage": "capsules",
        "subject": "",
        "capsules": dict(capsules.SCENARIOS),
        "pace": asdict(setup.plan.pace),
        "seed": setup.plan.seed,
        "c": capsules.prepare_c(setup.scratch / "c", in_c, refused),
        "baseline": "",
    }
    if teacher is not None and BASELINE in sound:
        job |= {
            "baseline": teacher.paths[BASELINE[1]],
            "window": teacher.subject.checkpoint.config.window,
        }
    return job


def _baseline(
    one: Prepared, prepared: list[Prepared], sound: set[tuple[str, str]]
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
    subject, engine = BASELINE
    scenarios = ["SingleStream", "MultiStream"]
    return {
        "subject": subject, "engine": engine, "path": of.paths[engine], "scenarios": scenarios,
    }  # fmt: skip


def _cold_starts(prepared: list[Prepared], parity: list[Parity], setup: Setup) -> list[Cold]:
    """Returns cold starts with one network, in turn, so that drift meets all engines alike."""
    named = [one for one in prepared if one.subject.name == "student"]
    one = (named or prepared)[0]
    sound = {p.engine for p in parity if p.subject == one.subject.name and p.passed}
    engines = [engine for engine in setup.engines if engine.name in sound]
    shape = (one.subject.checkpoint.config.window, one.subject.channels)
    result: dict[str, list[dict[str, float]]] = {engine.name: [] for engine in engines}
    for repeat in range(setup.plan.cold + 1):
        for engine in engines:
            module = engine.load.__module__  # several engines may share a loader
            path = Path(one.paths[engine.name])
            figures = cold_start(module, path, shape, setup.threads)
            if repeat:  # the first round only brings the files into memory
                result[engine.name].append(figures)
    return [
        Cold(
            subject=one.subject.name,
            engine=name,
            **{part: [round(row[part], 3) for row in rows] for part in rows[0]},
        )
        for name, rows in result.items()
    ]
