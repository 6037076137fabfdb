"""SMD per budget: what an operator gets of each policy at 1, 5 and 10 events a week."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from stillwatch.benchmarks.detection.alarm_events import alarm_events
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import (
    AlarmPart,
    AlarmRow,
    AlarmSummary,
)
from stillwatch.benchmarks.reproductions.smd.alarms.judge_fleet import judged_alarms
from stillwatch.benchmarks.reproductions.smd.alarms.left_out import left_out_capsule
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime.alarms.tails import fit_tail
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.capsule.figures import Tail
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import WITH_LEVEL
from stillwatch.runtime.scoring.scaling import series_moments
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["BUDGETS", "CHOSEN_ON", "PERIOD", "budget_rows", "summarize_budgets"]

BUDGETS = (1, 5, 10)  # events a week
PERIOD = 60.0  # seconds a row
CHOSEN_ON = ("1-7", "2-1", "2-2", "2-7")  # the judge's constants were
_WINDOW = 100
_WEEK = 604800.0
_SHRINKAGE = 0.01
_LAST_RELEASE = CalibrationOptions(features=WITH_LEVEL)


def budget_rows(machines: Sequence[Machine], seeds: int, out: Path) -> list[AlarmRow]:
    """Returns a row a policy, budget, seed and machine; kept in `out`, so resumable."""
    rows: list[AlarmRow] = []
    for machine in tqdm(machines, desc="budgets, no network", unit="machine"):
        rows += kept(out / f"budgets-plain-{machine.name}.json", partial(_plain, machine))
    pairs = [(machine.train, machine.test) for machine in machines]
    about = [(machine, 0) for machine in machines]
    judge = partial(_judged, about, "judge, no network", pairs)
    rows += kept(out / "budgets-judge.json", judge)
    judge = partial(_with_networks, machines, seeds, out)
    return rows + kept(out / f"budgets-networks-{seeds}.json", judge)


def summarize_budgets(rows: Sequence[AlarmRow]) -> list[AlarmSummary]:
    """Returns a row a policy and budget: its figures on the chosen machines and on the others."""
    keys = sorted({(row["policy"], row["budget"] or 0) for row in rows})
    summary: list[AlarmSummary] = []
    for policy, budget in keys:
        mine = [r for r in rows if (r["policy"], r["budget"] or 0) == (policy, budget)]
        row: AlarmSummary = {"policy": policy, "budget": budget or None}
        if chosen := [r for r in mine if r["machine"] in CHOSEN_ON]:
            row["chosen"] = _part(chosen)
        if held := [r for r in mine if r["machine"] not in CHOSEN_ON]:
            row["held"] = _part(held)
        summary.append(row)
    return summary


def _part(rows: Sequence[AlarmRow]) -> AlarmPart:
    seeds = sorted({row["seed"] for row in rows})
    hits = [sum(row["hit"] for row in rows if row["seed"] == seed) for seed in seeds]
    false = [row["false_per_week"] for row in rows]
    return {
        "false_mean": float(np.mean(false)),
        "false_worst": float(np.max(false)),
        "hit": float(np.median(hits)),
        "hit_spread": [min(hits), max(hits)],
        "events": sum(row["events"] for row in rows if row["seed"] == seeds[0]),
        "covered_worst": float(max(row["covered"] for row in rows)),
        "seeds": len(seeds),
    }


def _plain(machine: Machine) -> list[AlarmRow]:
    """Returns the rows of today's policy behind a distance of the scaled values."""
    normal = held_out(machine)
    moments = series_moments(normal)
    before, after = ((v - moments.mean) / moments.scale for v in (normal, machine.test))
    distance = fit_mahalanobis(before, _SHRINKAGE)
    tail = fit_tail(distance.score(before), _WINDOW)
    return list(_tail_rows(machine, "tail, no network", tail, distance.score(after), 0))


def _with_networks(machines: Sequence[Machine], seeds: int, out: Path) -> list[AlarmRow]:
    """Returns the rows of networks that never saw their machine: today's policies and the judge."""
    rows: list[AlarmRow] = []
    about, residuals, both = [], [], []
    for seed, machine in itertools.product(range(seeds), machines):
        base = left_out_capsule(machine, machines, seed, out / "left-out")
        content = calibrate(base, "student", held_out(machine), _LAST_RELEASE).content
        detector = Detector.from_bytes(content, "student")
        rows += _today(detector, machine, seed)
        pair = [_residuals(detector, values) for values in (machine.train, machine.test)]
        about.append((machine, seed))
        residuals.append((pair[0], pair[1]))
        both.append((np.hstack([machine.train, pair[0]]), np.hstack([machine.test, pair[1]])))
    rows += _judged(about, "judge, of the network's residuals", residuals)
    rows += _judged(about, "judge, of values and residuals", both)
    return rows


def _today(detector: Detector, machine: Machine, seed: int) -> Iterator[AlarmRow]:
    for policy in ("trained", "rolling(0.99,2016)"):
        result = detector.score(machine.test, threshold=policy)
        yield _row(machine, policy, None, seed, result.alarm)
    figures = detector.info.normal_scores
    tail = figures.tail if figures else None
    yield from _tail_rows(machine, "tail", tail, result.score.astype(np.float64), seed)


def _residuals(detector: Detector, values: Float64) -> Float64:
    return values - detector.score(values).reconstruction.astype(np.float64)


def _tail_rows(
    machine: Machine, policy: str, tail: Tail | None, score: Float64, seed: int
) -> Iterator[AlarmRow]:
    """Yields a row a budget of scores above a level that normal ones exceed so rarely."""
    for budget in BUDGETS:
        # Without a tail, nothing is known to be rare enough.
        threshold = tail.exceeded_once_in(_WEEK / PERIOD / budget) if tail else np.inf
        yield _row(machine, policy, budget, seed, score > threshold)


def _judged(
    about: Sequence[tuple[Machine, int]], policy: str, pairs: Sequence[tuple[Float64, Float64]]
) -> list[AlarmRow]:
    """Returns a row a budget, machine and seed of the judge, fitted to all rows of training."""
    normal, test = ([pair[part] for pair in pairs] for part in (0, 1))
    answers = judged_alarms(normal, test, BUDGETS, PERIOD)
    return [
        _row(machine, policy, budget, seed, alarm)
        for (machine, seed), answer in zip(about, answers, strict=True)
        for budget, alarm in answer.items()
    ]


def _row(machine: Machine, policy: str, budget: float | None, seed: int, alarm: Bool) -> AlarmRow:
    met = alarm_events(machine.labels, alarm, PERIOD)
    return {
        "policy": policy,
        "budget": budget,
        "seed": seed,
        "machine": machine.name,
        "false_per_week": met.false_per_week,
        "hit": met.hit,
        "events": met.events,
        "covered": met.covered,
    }
