"""The sensor table: one joint network a subject and seed, beside baselines that use none."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.sensor.series import Subject
from stillwatch.benchmarks.reproductions.smd.baselines import evaluate_baselines
from stillwatch.benchmarks.reproductions.smd.evaluation import Row, judge_capsule
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.own_data.chain import build
from stillwatch.export.verify.verification import compare
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint

__all__ = ["evaluate_subject", "summarize_rows"]

_FIGURES = ("precision", "recall", "f1", "oracle_f1", "vus_pr", "ap")


def evaluate_subject(subject: Subject, seeds: int, out: Path) -> dict[str, Any]:
    """Returns the subject's rows, curves and agreements, for as many seeds; resumable.

    Leaves a folder a seed in `out`, with checkpoint and capsule.
    """
    rows: list[Row] = []
    curves, checks = [], []
    parameters = 0
    for seed in range(seeds):
        folder = out / f"{subject.machine.name}-{seed}"
        checkpoint, judged, check = _one_seed(subject, seed, folder)
        parameters = checkpoint.parameters
        curves.append(dict(checkpoint.curve))
        rows += [{"row": "sensor", "seed": seed, "parameters": parameters, **row} for row in judged]
        checks.append(check)
    baselines = evaluate_baselines([subject.machine], seeds, out / "baselines")
    return {
        "name": subject.name,
        "channels": len(subject.recording.channels),
        "training_rows": subject.recording.rows,
        "test_rows": len(subject.machine.test),
        "labelled_rows": int(subject.machine.labels.sum()),
        "config": dataclasses.asdict(subject.config),
        "parameters": parameters,
        "summary": summarize_rows([*rows, *baselines]),
        "seeds": [{k: v for k, v in row.items() if k != "called"} for row in (*rows, *baselines)],
        "agreement": checks,
        "curves": curves,
    }


def summarize_rows(rows: Iterable[Row]) -> list[Row]:
    """Returns a row a model and score: median, minimum and maximum over seeds of each figure."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["row"], row["score"]), []).append(row)
    return [
        {
            "row": name,
            "score": score,
            "parameters": group[0]["parameters"],
            "seeds": len(group),
            **{figure: spread(group, figure) for figure in _FIGURES},
        }
        for (name, score), group in groups.items()
    ]


def _one_seed(subject: Subject, seed: int, folder: Path) -> tuple[Checkpoint, list[Row], Row]:
    """Returns a seed's checkpoint, its rows, and how the frameworks agree on it."""
    from stillwatch.train.families.sensor.recipe import (
        train_sensor,  # MXNet takes seconds to import
    )

    config = dataclasses.replace(subject.config, seed=seed)
    checkpoint = train_sensor(subject.recording, config, folder)

    def judge() -> list[Row]:
        base = build_capsule(*load_checkpoint(folder))
        return judge_capsule(base, folder.name, subject.machine, int8=False)

    (check,) = kept(folder / "agreement.json", lambda: [_agreement(folder, subject)])
    return checkpoint, kept(folder / "judged.json", judge), check


def _agreement(folder: Path, subject: Subject) -> Row:
    """Returns how far every framework is from onnxruntime over the whole test series."""
    chain = build(folder, subject.recording)
    agreements, absent = compare(chain.path, folder, subject.machine.test)
    found = replay(chain.detector)
    return {
        "golden": max(found.reconstruction, found.score),
        "golden_passed": found.passed,
        "alarms": int(np.sum(chain.detector.score(subject.machine.test).alarm)),
        "frameworks": [dataclasses.asdict(a) | {"passed": a.passed} for a in agreements],
        "absent": absent,
    }
