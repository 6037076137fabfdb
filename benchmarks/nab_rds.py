"""Reproduces the single-feature autoencoder: trains K seeds, exports, verifies, scores, counts."""

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from stillwatch.benchmarks.detection import count_points, count_windows, spread
from stillwatch.benchmarks.machine import provenance
from stillwatch.export import verification
from stillwatch.export.capsule import build_capsule
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.detector import Detector, Result
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.scaling import ScalingPolicy, rolling_moments, series_moments
from stillwatch.runtime.scoring import squared_error
from stillwatch.runtime.thresholds import mean_plus_sigmas
from stillwatch.runtime.verify import replay
from stillwatch.train.checkpoint import load_checkpoint
from stillwatch.train.config import NabRdsConfig
from stillwatch.train.data import LabelledSeries
from stillwatch.train.nab_rds import train_nab_rds

__all__ = ["PUBLISHED", "Pictures", "capsule_name", "reproduce"]

PUBLISHED = {"parameters": 18, "tp": 2, "fp": 1, "f1": 0.8, "nab": 89}

_FIGURES = ("tp", "fp", "f1", "nab")


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
) -> tuple[dict[str, Any], Pictures]:
    """Returns the results document, and what the report's pictures need.

    Leaves the first masked seed's checkpoint and capsules in `out`.
    """
    runs: dict[tuple[bool, str], list[dict[str, Any]]] = {}
    curves: dict[str, list[Any]] = {"train": [], "validation": []}
    checks: list[dict[str, Any]] = []
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
                    runs.setdefault((masked, policy), []).append(
                        {
                            "seed": seed,
                            "threshold": detector.info.threshold["value"],
                            **_counts(test, result.alarm),
                        }
                    )
                checks.append(_check(detectors, folder, test))
                if masked:
                    curves["train"].append(checkpoint.curve["train"])
                    curves["validation"].append(checkpoint.curve["validation"])
                if keep:
                    pictures = _pictures(train, test, detectors)
    assert pictures is not None  # noqa: S101  (the caller has at least one seed)
    rows = [
        _row("LSTM autoencoder", policy, group, masked) for (masked, policy), group in runs.items()
    ]
    rows += _baselines(train, test, seeds)
    return {
        **provenance(),
        "simulated": simulated,
        "data": {"train": train.name, "test": test.name, "rows": len(test.values)},
        "published": PUBLISHED,
        "parameters": parameters,
        "seeds": seeds,
        "rows": rows,
        "agreement": _summarize(checks),
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


def _counts(test: LabelledSeries, alarm: Bool) -> dict[str, Any]:
    return {
        "points": count_points(test.labels, alarm).as_dict(),
        "windows": count_windows(test.windows, alarm).as_dict(),
    }


def _row(
    model: str, policy: str, seeds: Sequence[dict[str, Any]], masked: bool | None
) -> dict[str, Any]:
    return {
        "model": model,
        "masked": masked,
        "scaling": policy,
        "threshold": spread(seeds, "threshold"),
        **{
            how: {name: spread([seed[how] for seed in seeds], name) for name in _FIGURES}
            for how in ("points", "windows")
        },
        "seeds": list(seeds),
    }


def _baselines(train: LabelledSeries, test: LabelledSeries, seeds: int) -> list[dict[str, Any]]:
    """Returns rows for no model at all (its reconstruction is zero) and for random scores."""
    sigmas = NabRdsConfig().sigmas
    rows = []
    for policy in NabRdsConfig().scaling:
        normal = _no_model(train.masked(), train.masked(), policy)
        threshold = mean_plus_sigmas(normal[~np.isnan(normal)], sigmas).value
        alarm = _no_model(test.values, train.masked(), policy) > threshold
        figures = {"seed": 0, "threshold": threshold, **_counts(test, alarm)}
        rows.append(_row("no model", policy, [figures], None))
    drawn = []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        threshold = mean_plus_sigmas(generator.chisquare(1, len(train.values)), sigmas).value
        alarm = generator.chisquare(1, len(test.values)) > threshold
        drawn.append({"seed": seed, "threshold": threshold, **_counts(test, alarm)})
    rows.append(_row("random", "none", drawn, None))
    return rows


def _no_model(values: Float64, trained: Float64, policy: str) -> Float64:
    """Returns the score (T,) of each value with a reconstruction of zero; NaN without history."""
    history = ScalingPolicy.parse(policy).history
    column = values[:, None]
    if policy == "series":
        moments = series_moments(column)
    elif policy == "trained":
        moments = series_moments(trained[:, None])
    else:
        moments = rolling_moments(column, history)
    scaled = (column[history:] - moments.mean) / moments.scale
    score: Float64 = squared_error(scaled, np.zeros_like(scaled))
    return np.concatenate([np.full(history, np.nan), score])


def _check(detectors: dict[str, Detector], folder: Path, test: LabelledSeries) -> dict[str, Any]:
    """Returns how far every framework is from onnxruntime for one trained model."""
    replays = [replay(detector) for detector in detectors.values()]
    checkpoint, weights = load_checkpoint(folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "model.onnx"
        write_bytes(path, build_capsule(checkpoint, weights))
        agreements, absent = verification.compare(path, folder, test.values[:, None])
    return {
        "golden": max(max(r.reconstruction, r.score) for r in replays),
        "golden_passed": all(r.passed for r in replays),
        "frameworks": [dataclasses.asdict(agreement) for agreement in agreements],
        "absent": absent,
    }


def _summarize(checks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    by_framework: dict[str, list[dict[str, Any]]] = {}
    for check in checks:
        for agreement in check["frameworks"]:
            by_framework.setdefault(agreement["framework"], []).append(agreement)
    return {
        "models": len(checks),
        "golden_largest": max(check["golden"] for check in checks),
        "golden_passed": all(check["golden_passed"] for check in checks),
        "frameworks": {
            name: {
                "largest": max(a["largest"] for a in group),
                "mean": float(np.mean([a["mean"] for a in group])),
                "flips": sum(a["flips"] for a in group),
            }
            for name, group in by_framework.items()
        },
        "absent": checks[0]["absent"],
    }


def _pictures(
    train: LabelledSeries, test: LabelledSeries, detectors: dict[str, Detector]
) -> Pictures:
    return Pictures(
        train=train,
        test=test,
        on_train=detectors["series"].score(train.values),
        on_test={policy: detector.score(test.values) for policy, detector in detectors.items()},
        thresholds={p: float(d.info.threshold["value"]) for p, d in detectors.items()},
    )
