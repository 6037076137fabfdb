"""The kinds of score beside each other, on one network: AP, VUS-PR and HitRate@100 by machine.

`python -m stillwatch.benchmarks.reproductions.smd.scores --out scores.json`
calibrates smd-micro on the held-out normal rows of each machine under every
kind of features, and scores its test. The robust kind's shrinkage and floors
were chosen on CHOSEN; the other machines are reported apart.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from stillwatch.benchmarks.detection.vus import vus_pr
from stillwatch.benchmarks.detection.windows import BUFFER, hit_rate
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_text
from stillwatch.runtime.scoring.features import FEATURES
from stillwatch.train.data.sets import load_smd
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["CHOSEN", "OTHERS", "main", "scored"]

CHOSEN = ("1-7", "2-1", "2-2", "2-7")
OTHERS = ("2-8", "3-3")
_FIGURES = ("ap", "vus_pr", "hit_rate_100", "hit_rate_100_by_error")


def scored(name: str, kind: str) -> dict[str, Any]:
    """Returns the figures of smd-micro on a machine, under one of FEATURES."""
    machine = load_smd(name)
    normal = held_out(machine)
    options = CalibrationOptions(features=kind)
    content = calibrate(opening.read_bytes("smd-micro"), "smd-micro", normal, options).content
    result = Detector.from_bytes(content, f"smd-micro on {name}").score(machine.test)
    score = result.score.astype(np.float64)
    figures = (
        float(average_precision_score(machine.labels, score)),
        float(vus_pr(machine.labels, score, BUFFER)),
        hit_rate(machine.incidents, result.contribution, 1.0),
        hit_rate(machine.incidents, result.error, 1.0),
    )
    return {"machine": name, "features": kind, **dict(zip(_FIGURES, figures, strict=True))}


def _means(
    rows: Sequence[dict[str, Any]], kind: str, which: str, machines: Sequence[str]
) -> dict[str, Any]:
    of = [row for row in rows if row["features"] == kind and row["machine"] in machines]
    figures = {name: float(np.mean([row[name] for row in of])) for name in _FIGURES}
    return {"features": kind, "machines": which, **figures}


def main() -> None:
    """Writes the figures as JSON, with the command that they come from."""
    parser = argparse.ArgumentParser(description="the kinds of score beside each other")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows = [scored(name, kind) for kind in FEATURES for name in CHOSEN + OTHERS]
    means = [
        _means(rows, kind, which, machines)
        for kind in FEATURES
        for which, machines in (("chosen", CHOSEN), ("others", OTHERS))
    ]
    command = f"python -m stillwatch.benchmarks.reproductions.smd.scores --out {arguments.out}"
    result = {"command": command, "model": "smd-micro", "means": means, "machines": rows}
    write_text(arguments.out, json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
