"""What each choice of the single-feature recipe is worth: one changed at a time, many seeds."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stillwatch.benchmarks.detection.counts import spread
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.nab_rds.rows import counts
from stillwatch.train.data.sets.series import LabelledSeries
from stillwatch.train.families.nab_rds.variants import Variant, alarms

__all__ = ["CHANGES", "measure"]

# By parameter, what stands in the published value's place.
CHANGES: dict[str, tuple[Any, ...]] = {
    "units": (2, 4, 8, 16),
    "layers": (2, 3),
    "activation": ("", "sigmoid", "relu"),
    "dropout": (0.2, 0.5),
    "batch": (12, 24, 96, 288),
    "learning_rate": (0.001, 0.1),
    "optimizer": ("adam", "rmsprop"),
    "initializer": ("uniform", "normal", "orthogonal"),
    "epochs": (5, 50),
    "loss": ("L1", "Huber"),
    "masked": (False,),
}


def measure(
    train: LabelledSeries, test: LabelledSeries, seeds: int, out: Path
) -> list[dict[str, Any]]:
    """Returns a row for the published recipe and for each change; seeds done before are read.

    Each trained network's counts are kept in `out`, so that a run that was
    killed goes on where it was.
    """
    published = Variant()
    changed = [("as published", "", published)] + [
        (name, str(value) or "none", dataclasses.replace(published, **{name: value}))
        for name, values in CHANGES.items()
        for value in values
    ]
    rows = []
    bar = tqdm(total=len(changed) * seeds, desc="networks", unit="network")
    for name, value, variant in changed:
        figures = []
        for seed in range(seeds):
            figures.append(_counted(train, test, variant, seed, out))
            bar.update()
        rows.append(
            {
                "parameter": name,
                "value": value,
                **{f: spread([one["points"] for one in figures], f) for f in ("tp", "fp", "f1")},
                "windows_f1": spread([one["windows"] for one in figures], "f1"),
                "seeds": figures,
            }
        )
    bar.close()
    return rows


def _counted(
    train: LabelledSeries, test: LabelledSeries, variant: Variant, seed: int, out: Path
) -> dict[str, Any]:
    said = f"{train.name} {test.name} {variant} {seed}"

    def count() -> dict[str, Any]:
        return {"seed": seed, **counts(test, alarms(train, test, variant, seed))}

    return kept(out / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.json", count)
