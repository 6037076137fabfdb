"""What a model says, computed without its graph: reconstruction and alarm in NumPy, by family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.families.table import family_of
from stillwatch.export.forecasting.detection.expected import expected_rows
from stillwatch.export.forecasting.weights import RecursiveWeights
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.distance import Mahalanobis, squared_error
from stillwatch.runtime.scoring.features import PUBLISHED, WITH_LEVEL, features
from stillwatch.runtime.scoring.inputs import fixed_moments
from stillwatch.runtime.scoring.scaling import Moments, series_moments
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["Judgement", "as_graphs_scale", "judgement"]


@dataclass(frozen=True)
class Judgement:
    """reconstruct: scaled values (T, C) to their reconstruction. score: both of these to (T,).

    decide: scores (T,) to alarms (T,).
    """

    reconstruct: Callable[[Float64], Float64]
    score: Callable[[Float64, Float64], Float64]
    decide: Callable[[Float64], Bool]

    def alarm(self, scaled: Float64, decoded: Float64) -> Bool:
        """Returns the alarms (T,) of scaled values (T, C) and their reconstruction."""
        return self.decide(self.score(scaled, decoded))


def as_graphs_scale(values: Float64, info: CapsuleInfo) -> tuple[Moments, Float64]:
    """Returns mean and scale for a series (T, C), and its scaled values as a graph computes them.

    That is in single precision: who is given another input may give another
    answer. Under any policy but `trained`
    the figures are the series' own, as the published recipe scales a file.
    """
    moments = fixed_moments(None, None, info) or series_moments(values)
    value, mean, scale = (part.astype(np.float32) for part in (values, moments.mean, moments.scale))
    return moments, ((value - mean) / scale).astype(np.float64)


def judgement(model: str | Path, folder: Path, info: CapsuleInfo) -> Judgement:
    """Returns how the checkpoint in `folder` judges under the figures of a capsule.

    Raises InputError where the two are not of one family.
    """
    checkpoint, weights = load_checkpoint(folder)
    if checkpoint.family != info.family:
        raise InputError(f"{model} is of family {info.family}, {folder} of {checkpoint.family}")
    threshold = float(info.threshold.value)
    reconstruct = _reconstruction(checkpoint, weights, info.horizon)
    if not info.features and info.state:
        return Judgement(reconstruct, squared_error, lambda score: score > threshold)
    graph = onnx.load_from_string(opening.read_bytes(model)).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    mean, whitening = (
        numpy_helper.to_array(tensors[name]).astype(np.float64)
        for name in ("error_mean", "whitening")
    )
    distance = Mahalanobis(mean, whitening, condition=1.0)
    count = info.threshold.count
    # Schema 1 has no name for them, and only these two kinds.
    of_schema_1 = WITH_LEVEL if len(mean) > len(info.channels) else PUBLISHED
    kind = info.features or of_schema_1

    def score(scaled: Float64, decoded: Float64) -> Float64:
        return distance.score(features(kind, scaled, decoded))

    def decide(score: Float64) -> Bool:
        if info.state:
            return score > threshold
        above = (score > threshold).reshape(-1, info.window)
        decided: Bool = (above & (above.sum(axis=1, keepdims=True) > count)).ravel()
        return decided

    return Judgement(reconstruct, score, decide)


def _reconstruction(
    checkpoint: Checkpoint, weights: Mapping[str, AnyArray], ahead: int
) -> Callable[[Float64], Float64]:
    """Returns what gives the reconstruction of scaled values (T, C), or what was expected of them.

    ahead: of a forecaster's errors, rows from a forecast to its error.
    """
    config = checkpoint.config
    if isinstance(config, ForecasterConfig):
        recursive = RecursiveWeights.of(config, weights)
        return lambda scaled: expected_rows(config, recursive, scaled, ahead)
    family = family_of(checkpoint)
    network = family.network(config, weights)
    return lambda scaled: family.reconstruct(config, network, scaled)
