"""The committed files of other frameworks, and what each must come in as."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.export.importing.understood import Options
from stillwatch.runtime.arrays import Float32

FILES = Path(__file__).resolve().parents[1] / "export" / "importing" / "files"
WINDOW = 12
REPEAT: dict[str, Any] = {"window": WINDOW, "family": "repeat-vector"}
SENSOR: dict[str, Any] = {"window": WINDOW, "family": "sensor"}
# File, the family it must come in as, and what names and shapes do not tell.
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("article.params", "nab-rds", {}),
    ("article-collected.params", "nab-rds", {}),
    ("article-exported-0000.params", "nab-rds", {}),
    ("article-exported-symbol.json", "nab-rds", {}),
    ("article.npz", "nab-rds", {}),
    ("gluon-two-layers.params", "repeat-vector", REPEAT),
    ("gluon-two-layers-collected.params", "repeat-vector", REPEAT),
    ("gluon-two-layers-exported-symbol.json", "repeat-vector", REPEAT),
    ("gluon-two-layers.npz", "repeat-vector", REPEAT),
    ("sensor.safetensors", "sensor", SENSOR),
    ("sensor.pt", "sensor", {"window": WINDOW}),
    ("sensor-lightning.ckpt", "sensor", {"window": WINDOW}),
    ("sensor.onnx", "sensor", {"window": WINDOW}),
    ("tf2onnx.onnx", "repeat-vector", {}),
    ("tf2onnx-four-layers.onnx", "stack", {}),
    ("skl2onnx.onnx", "stack", {"window": WINDOW}),
    ("keras2-hard-sigmoid.h5", "stack", {}),
    ("keras2-hard-sigmoid.keras", "stack", {}),
    ("keras2-hard-sigmoid.onnx", "stack", {}),
    ("keras.keras", "repeat-vector", {}),
    ("keras.h5", "repeat-vector", {}),
    ("keras.weights.h5", "repeat-vector", REPEAT),
    ("keras-four-layers.keras", "stack", {}),
    ("keras-four-layers.h5", "stack", {}),
    ("keras-both-directions.keras", "stack", {}),
    ("keras-both-directions.h5", "stack", {}),
]  # fmt: skip
NEEDS = {".pt": "torch", ".ckpt": "torch", ".h5": "h5py", ".keras": "h5py"}


def available(file: str) -> Path:
    """Returns the path of a file; skips the test where what reads it is not installed."""
    library = NEEDS.get(Path(file).suffix)
    if library:
        pytest.importorskip(library, reason=f"{file} is read with {library}, an extra")
    return FILES / file


def options(given: dict[str, Any]) -> Options:
    return Options(**given)


def answers(file: str) -> tuple[Float32, Float32]:
    """Returns windows (N, T, C), and what the framework itself answered to them."""
    stem = file.split(".")[0]
    for ending in ("-collected", "-exported-0000", "-exported-symbol", "-lightning"):
        stem = stem.removesuffix(ending)
    found = np.load(FILES / f"{stem}.answers.npz")
    return found["values"], found["answers"]
