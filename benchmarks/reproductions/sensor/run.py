"""The sensor table: one joint network a subject and seed, beside baselines that use none."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.sensor.document import (
    Check,
    Framework,
    SubjectResults,
    SummaryRow,
)
from stillwatch.benchmarks.reproductions.sensor.series import Subject
from stillwatch.benchmarks.reproductions.smd.baselines import evaluate_baselines
from stillwatch.benchmarks.reproductions.smd.document import JudgedRow, ScoredFigures
from stillwatch.benchmarks.reproductions.smd.evaluation import judge_capsule
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.own_data.chain import build
from stillwatch.export.verify.verification import Agreement, compare
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint

__all__ = ["evaluate_subject", "summarize_rows"]


def evaluate_subject(subject: Subject, seeds: int, out: Path) -> SubjectResults:
    """Returns the subject's rows, curves and agreements, for as many seeds; resumable.

    Leaves a folder a seed in `out`, with checkpoint and capsule.
    """
    rows: list[JudgedRow] = []
    curves, checks = [], []
    parameters = 0
    for seed in range(seeds):
        folder = out / f"{subject.machine.name}-{seed}"
        checkpoint, judged, check = _one_seed(subject, seed, folder)
        parameters = checkpoint.parameters
        curves.append(dict(checkpoint.curve))
        rows += [
            {
                "row": "sensor",
                "seed": seed,
                "machine": subject.machine.name,
                "parameters": parameters,
                **row,
            }
            for row in judged
        ]
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


def summarize_rows(rows: Iterable[JudgedRow]) -> list[SummaryRow]:
    """Returns a row a model and score: median, minimum and maximum over seeds of each figure."""
    groups: dict[tuple[str, str], list[JudgedRow]] = {}
    for row in rows:
        groups.setdefault((row["row"], row["score"]), []).append(row)
    return [
        {
            "row": name,
            "score": score,
            "parameters": group[0]["parameters"],
            "seeds": len(group),
            "precision": spread(row["precision"] for row in group),
            "recall": spread(row["recall"] for row in group),
            "f1": spread(row["f1"] for row in group),
            "oracle_f1": spread(row["oracle_f1"] for row in group),
            "vus_pr": spread(row["vus_pr"] for row in group),
            "ap": spread(row["ap"] for row in group),
        }
        for (name, score), group in groups.items()
    ]


def _one_seed(
    subject: Subject, seed: int, folder: Path
) -> tuple[Checkpoint, list[ScoredFigures], Check]:
    """Returns a seed's checkpoint, its rows, and how the frameworks agree on it."""
    from stillwatch.train.families.sensor.recipe import (
        train_sensor,  # MXNet takes seconds to import
    )

    config = dataclasses.replace(subject.config, seed=seed)
    checkpoint = train_sensor(subject.recording, config, folder)

    def judge() -> list[ScoredFigures]:
        base = build_capsule(*load_checkpoint(folder))
        return judge_capsule(base, folder.name, subject.machine, int8=False)

    (check,) = kept(folder / "agreement.json", lambda: [_agreement(folder, subject)])
    return checkpoint, kept(folder / "evaluations.json", judge), check


def _agreement(folder: Path, subject: Subject) -> Check:
    """Returns how far every framework is from onnxruntime over the whole test series."""
    chain = build(folder, subject.recording)
    agreements, absent = compare(chain.path, folder, subject.machine.test)
    result = replay(chain.detector)
    return {
        "golden": max(result.reconstruction, result.score),
        "golden_passed": result.passed,
        "alarms": int(np.sum(chain.detector.score(subject.machine.test).alarm)),
        "frameworks": [_framework(agreement) for agreement in agreements],
        "absent": absent,
    }


def _framework(agreement: Agreement) -> Framework:
    return {
        "framework": agreement.framework,
        "largest": agreement.largest,
        "mean": agreement.mean,
        "flips": agreement.flips,
        "beyond_rounding": agreement.beyond_rounding,
        "passed": agreement.passed,
    }
