"""How the frameworks agree on every nab-rds network that was trained."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.reproductions.nab_rds.document import Agreement
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.verify import verification
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import LabelledSeries

__all__ = ["Check", "check", "summarize"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One network: its golden vectors' largest difference, and each framework's agreement."""

    golden: float
    golden_passed: bool
    agreements: Sequence[verification.Agreement]
    absent: dict[str, str]


def check(detectors: Mapping[str, Detector], folder: Path, test: LabelledSeries) -> Check:
    """Returns how far every framework is from onnxruntime for one trained model."""
    replays = [replay(detector) for detector in detectors.values()]
    checkpoint, weights = load_checkpoint(folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "model.onnx"
        write_bytes(path, build_capsule(checkpoint, weights))
        agreements, absent = verification.compare(path, folder, test.values[:, None])
    return Check(
        golden=max(max(r.reconstruction, r.score) for r in replays),
        golden_passed=all(r.passed for r in replays),
        agreements=agreements,
        absent=absent,
    )


def summarize(checks: Sequence[Check]) -> Agreement:
    """Returns the largest differences over all models that were checked."""
    by_framework: dict[str, list[verification.Agreement]] = {}
    for one in checks:
        for agreement in one.agreements:
            by_framework.setdefault(agreement.framework, []).append(agreement)
    return {
        "models": len(checks),
        "golden_largest": max(one.golden for one in checks),
        "golden_passed": all(one.golden_passed for one in checks),
        "frameworks": {
            name: {
                "largest": max(a.largest for a in group),
                "mean": float(np.mean([a.mean for a in group])),
                "flips": sum(a.flips for a in group),
            }
            for name, group in by_framework.items()
        },
        "absent": checks[0].absent,
    }
