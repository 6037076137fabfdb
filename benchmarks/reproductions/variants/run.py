"""What each choice of the single-feature recipe is worth: one changed at a time, many seeds."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stillwatch.benchmarks.detection.counts import count_points, count_windows, spread
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.nab_rds.document import Counts
from stillwatch.benchmarks.reproductions.variants.document import VariantRow
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


def measure(train: LabelledSeries, test: LabelledSeries, seeds: int, out: Path) -> list[VariantRow]:
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
    rows: list[VariantRow] = []
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
                "tp": spread(one["points"]["tp"] for one in figures),
                "fp": spread(one["points"]["fp"] for one in figures),
                "f1": spread(one["points"]["f1"] for one in figures),
                "windows_f1": spread(one["windows"]["f1"] for one in figures),
                "seeds": figures,
            }
        )
    bar.close()
    return rows


def _counted(
    train: LabelledSeries, test: LabelledSeries, variant: Variant, seed: int, out: Path
) -> Counts:
    said = f"{train.name} {test.name} {variant} {seed}"

    def count() -> Counts:
        alarm = alarms(train, test, variant, seed)
        return {
            "seed": seed,
            "points": count_points(test.labels, alarm).as_dict(),
            "windows": count_windows(test.windows, alarm).as_dict(),
        }

    return kept(out / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.json", count)
