"""What every capsule goes through: its weights are checked, graph and metadata sealed."""

from collections.abc import Mapping
from importlib import metadata

import numpy as np
import onnx

from stillwatch.export.graph.builder import Graph
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule import digest
from stillwatch.runtime.capsule.info import DIGEST_KEY, METADATA_KEY, CapsuleInfo
from stillwatch.runtime.capsule.reading import info_to_json
from stillwatch.runtime.errors import CheckpointError

__all__ = ["check_parameters", "producer", "seal_model"]


def seal_model(graph: Graph | onnx.ModelProto, info: CapsuleInfo) -> bytes:
    """Returns a graph, or the model of one, and its description as a capsule's bytes."""
    model = graph.model(info.family, info.producer) if isinstance(graph, Graph) else graph
    onnx.helper.set_model_props(
        model, {METADATA_KEY: info_to_json(info), DIGEST_KEY: digest.PLACEHOLDER}
    )
    return digest.seal(model.SerializeToString(deterministic=True))


def producer() -> str:
    """Returns the name and version that a capsule carries of its maker."""
    return f"stillwatch {metadata.version('stillwatch')}"


def check_parameters(
    weights: Mapping[str, AnyArray], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Raises CheckpointError unless the weights are exactly the expected ones, float and finite."""
    result = {name: weight.shape for name, weight in weights.items()}
    wrong = [
        f"{name!r}: expected {expected.get(name, 'none')}, got {result.get(name, 'none')}"
        for name in sorted(result.keys() | expected.keys())
        if result.get(name) != expected.get(name)
    ]
    wrong += [
        f"{name!r}: expected finite float32 numbers, got {weight.dtype} with {bad} that are not"
        for name, weight in weights.items()
        if (bad := int(weight.size - np.isfinite(weight).sum())) or weight.dtype != np.float32
    ]
    if wrong:
        raise CheckpointError(f"the weights do not fit the model: {'; '.join(wrong)}")
