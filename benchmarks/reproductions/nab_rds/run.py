"""Reproduces the single-feature autoencoder: trains K seeds, exports, verifies, scores, counts."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from stillwatch.benchmarks.reproductions.nab_rds.agreement import Check, check, summarize
from stillwatch.benchmarks.reproductions.nab_rds.baselines import baselines
from stillwatch.benchmarks.reproductions.nab_rds.document import Curves, Published, Results, Seed
from stillwatch.benchmarks.reproductions.nab_rds.rows import row, seed_figures
from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.report.machine import provenance
from stillwatch.runtime.result import Result
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import LabelledSeries
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.nab_rds.recipe import train_nab_rds

__all__ = ["PUBLISHED", "Pictures", "capsule_name", "reproduce"]

PUBLISHED: Published = {"parameters": 18, "tp": 2, "fp": 1, "f1": 0.8, "nab": 89}


@dataclass(frozen=True)
class Pictures:
    """What the report draws beyond the figures: the first masked seed's results by policy."""

    train: LabelledSeries
    test: LabelledSeries
    on_train: Result
    on_test: dict[str, Result]
    thresholds: dict[str, float]


def reproduce(
    train: LabelledSeries, test: LabelledSeries, *, seeds: int, out: Path, simulated: bool
) -> tuple[Results, Pictures]:
    """Returns the results document, and what the report's pictures need.

    Leaves the first masked seed's checkpoint and capsules in `out`.
    """
    runs: dict[tuple[bool, str], list[Seed]] = {}
    curves: Curves = {"train": [], "validation": []}
    checks: list[Check] = []
    pictures: Pictures | None = None
    parameters = 0
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        for masked in (True, False):
            caption = "masked" if masked else "unmasked"
            for seed in tqdm(range(seeds), desc=f"{caption} seeds", unit="seed"):
                keep = masked and seed == 0
                folder = out / "checkpoint" if keep else Path(scratch) / f"{caption}-{seed}"
                config = NabRdsConfig(masked=masked, seed=seed)
                checkpoint = train_nab_rds(train, config, folder, progress=False)
                parameters = checkpoint.parameters
                detectors = _export(folder, config, out if keep else folder)
                for policy, detector in detectors.items():
                    result = detector.score(test.values)
                    threshold = detector.info.threshold.value
                    runs.setdefault((masked, policy), []).append(
                        seed_figures(seed, threshold, test, result.alarm)
                    )
                checks.append(check(detectors, folder, test))
                if masked:
                    curves["train"].append(checkpoint.curve["train"])
                    curves["validation"].append(checkpoint.curve["validation"])
                if keep:
                    pictures = _pictures(train, test, detectors)
    assert pictures is not None  # noqa: S101  (the caller has at least one seed)
    rows = [
        row("LSTM autoencoder", policy, group, masked) for (masked, policy), group in runs.items()
    ]
    rows += baselines(train, test, seeds)
    return {
        **provenance(),
        "simulated": simulated,
        "data": {"train": train.name, "test": test.name, "rows": len(test.values)},
        "published": PUBLISHED,
        "parameters": parameters,
        "seeds": seeds,
        "rows": rows,
        "agreement": summarize(checks),
        "curves": curves,
    }, pictures


def capsule_name(policy: str) -> str:
    """Returns the file name of the capsule with this scaling policy."""
    names = {"series": "nab-rds.onnx", "trained": "nab-rds-trained.onnx"}
    return names.get(policy, "nab-rds-online.onnx")


def _export(folder: Path, config: NabRdsConfig, out: Path) -> dict[str, Detector]:
    checkpoint, weights = load_checkpoint(folder)
    detectors = {}
    for policy in config.scaling:
        path = out / capsule_name(policy)
        write_bytes(path, build_capsule(checkpoint, weights, policy))
        detectors[policy] = Detector.load(path)
    return detectors


def _pictures(
    train: LabelledSeries, test: LabelledSeries, detectors: dict[str, Detector]
) -> Pictures:
    return Pictures(
        train=train,
        test=test,
        on_train=detectors["series"].score(train.values),
        on_test={policy: detector.score(test.values) for policy, detector in detectors.items()},
        thresholds={p: float(d.info.threshold.value) for p, d in detectors.items()},
    )
