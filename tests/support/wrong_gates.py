"""Networks with gates in another order, which every comparison must see."""

import dataclasses
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.engines.base import Engine
from stillwatch.export.pytorch.weights import save_weights
from stillwatch.runtime.arrays import AnyArray
from stillwatch.train.data.checkpoint import load_checkpoint


def swapped_gates(weights: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Weights whose input and forget gates change places, as another framework might have them."""

    def swapped(name: str, weight: AnyArray) -> AnyArray:
        if "_unfused" not in name:
            return weight
        i, f, g, o = np.split(weight, 4)
        return np.concatenate([f, i, g, o])

    return {name: swapped(name, weight) for name, weight in weights.items()}


def wrong_gates(engine: Engine) -> Engine:
    """An engine that reads the gates in the wrong order."""

    def prepare(checkpoint: Path, folder: Path) -> Path:
        loaded, weights = load_checkpoint(checkpoint)
        save_weights(swapped_gates(weights), loaded, folder / "swapped")
        return engine.prepare(folder / "swapped", folder)

    return dataclasses.replace(engine, name="wrong", prepare=prepare)
