"""Checkpoints: a folder with model.params, as Gluon saves it, and checkpoint.json beside it.

The JSON holds what the weights alone do not say: family, configuration,
scaler, thresholds, learning curve, and a fingerprint of the data. It names
the digest of its .params file, so one of an older run is noticed.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stillwatch.runtime.alarms.thresholds import Threshold
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.figures import DataOrigin, NormalScores
from stillwatch.runtime.capsule.reading import normal_scores_of
from stillwatch.runtime.errors import CheckpointError, ConfigError
from stillwatch.runtime.files import write_text
from stillwatch.train.data.params import parse_params
from stillwatch.train.families.config import Config
from stillwatch.train.families.config_fields import written
from stillwatch.train.families.table import config_from_dict

__all__ = [
    "JSON_NAME",
    "PARAMS_NAME",
    "Calibration",
    "Checkpoint",
    "load_checkpoint",
    "save_checkpoint",
]

SCHEMA_VERSION = 1
PARAMS_NAME = "model.params"
JSON_NAME = "checkpoint.json"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What one scaling policy gives on the training data: a threshold, and how scores lie."""

    threshold: Threshold
    error_quantiles: Mapping[str, float]
    normal_scores: NormalScores | None = None


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained model without its weights; `load_checkpoint` gives both.

    mean, scale: the training scaler, one figure a channel, the sensor's
    units. calibrations: by the name of the scaling policy. curve: training
    and validation loss of each epoch. data: name, rows and SHA-256 of the
    training series.
    """

    family: str
    config: Config
    channels: tuple[tuple[str, str], ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    parameters: int
    calibrations: Mapping[str, Calibration]
    curve: Mapping[str, list[float]]
    data: Mapping[str, Any]

    @property
    def origin(self) -> DataOrigin:
        """What a capsule says of the training series; a family may keep more in `data`."""
        return DataOrigin(**{part: self.data[part] for part in ("name", "rows", "sha256")})


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Writes checkpoint.json for the model.params that already lies in `folder`."""
    digest = hashlib.sha256((folder / PARAMS_NAME).read_bytes()).hexdigest()
    document = {"schema": SCHEMA_VERSION, "params_sha256": digest, **asdict(checkpoint)}
    document["config"] = written(checkpoint.config)
    write_text(folder / JSON_NAME, json.dumps(document, indent=1, sort_keys=True) + "\n")


def load_checkpoint(folder: str | Path) -> tuple[Checkpoint, dict[str, AnyArray]]:
    """Returns the checkpoint in `folder` and its weights by name; raises CheckpointError."""
    folder = Path(folder)
    try:
        document = json.loads((folder / JSON_NAME).read_text())
        content = (folder / PARAMS_NAME).read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{folder} is not a checkpoint: cannot read {error.filename} ({error.strerror}); "
            "make one with 'stillwatch train'"
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder / JSON_NAME} is not JSON: {error}") from error
    # The parser goes first: of a cut file it says where, of which the digest knows nothing.
    weights = parse_params(content, str(folder / PARAMS_NAME))
    try:
        checkpoint, digest = _from_document(document, folder)
        _check_figures(checkpoint)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, ConfigError) as error:
        raise CheckpointError(
            f"{folder / JSON_NAME} does not fit its schema: {type(error).__name__}: {error}"
        ) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError(
            f"{folder / PARAMS_NAME} is not the file that {JSON_NAME} was written for; train again"
        )
    return checkpoint, weights


def _check_figures(checkpoint: Checkpoint) -> None:
    """Raises ValueError or TypeError for figures that no training leaves."""
    absent = {"name", "rows", "sha256"} - set(checkpoint.data)
    if absent:
        raise ValueError(f"expected data with {', '.join(sorted(absent))}")
    count = len(checkpoint.channels)
    if not count or len(checkpoint.mean) != count or len(checkpoint.scale) != count:
        raise ValueError(f"expected a mean and a scale for each of {count} channels")
    thresholds = [calibration.threshold.value for calibration in checkpoint.calibrations.values()]
    if not all(map(math.isfinite, (*checkpoint.mean, *checkpoint.scale, *thresholds))):
        raise ValueError("expected finite means, scales and thresholds")
    if min(checkpoint.scale) <= 0:
        raise ValueError(f"expected scales above 0, got {min(checkpoint.scale)}")


def _from_document(document: dict[str, Any], folder: Path) -> tuple[Checkpoint, str]:
    schema = document.pop("schema")
    if schema != SCHEMA_VERSION:
        raise CheckpointError(
            f"{folder} has checkpoint schema {schema!r}; this stillwatch reads {SCHEMA_VERSION}"
        )
    digest = document.pop("params_sha256")
    document["config"] = config_from_dict(document["family"], document["config"])
    document["calibrations"] = {
        policy: Calibration(**{**figures, **_typed(figures)})
        for policy, figures in document["calibrations"].items()
    }
    for name in ("mean", "scale"):
        document[name] = tuple(float(figure) for figure in document[name])
    document["channels"] = tuple((name, unit) for name, unit in document["channels"])
    return Checkpoint(**document), digest


def _typed(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "threshold": Threshold(**figures["threshold"]),
        "normal_scores": normal_scores_of(figures.get("normal_scores") or {}),
    }
