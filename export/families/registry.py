"""The model families, and what each gives to export, calibration and verification.

A windowed family wants whole windows, and is judged by a Mahalanobis
distance: all that is its own is one entry here. nab-rds, which carries a
state and has a score of its own, is built in capsule.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.export.families.nab_rds import expected_shapes as nab_rds_shapes
from stillwatch.export.families.network import weights_of_checkpoint
from stillwatch.export.families.reference import repeat_vector_reconstruction, sensor_reconstruction
from stillwatch.export.families.repeat_vector import DECODERS, repeat_vector_graph
from stillwatch.export.families.repeat_vector import expected_shapes as repeat_vector_shapes
from stillwatch.export.families.sensor import expected_shapes as sensor_shapes
from stillwatch.export.families.sensor import sensor_graph, sensor_weights
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.lstm import Weights
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import CapsuleError
from stillwatch.train.data.checkpoint import Checkpoint

__all__ = ["RECIPES", "WINDOWED", "WindowedFamily", "expected_shapes", "windowed"]

# The modules of train/ that have load_network(folder) and reconstruct(net, scaled, config).
RECIPES = {
    "nab-rds": "stillwatch.train.families.nab_rds.recipe",
    "repeat-vector": "stillwatch.train.families.repeat_vector.recipe",
    "sensor": "stillwatch.train.families.sensor.recipe",
}


@dataclass(frozen=True, kw_only=True)
class WindowedFamily:
    """A family's own: each function takes its configuration first.

    shapes: with the number of channels, gives the name and shape of every
    parameter. weights: of a checkpoint's arrays. graph: of weights and
    sensors. reconstruct: of weights and scaled values (T, C), in plain NumPy.
    second_bias: whether the recurrent bias of a layer is trained; where not,
    it is zero and is not counted. decoders: the forms that the graph has.
    """

    shapes: Callable[[Any, int], dict[str, tuple[int, ...]]]
    weights: Callable[[Any, Mapping[str, AnyArray]], Weights]
    graph: Callable[..., Graph]
    reconstruct: Callable[[Any, Weights, Float64], Float64]
    second_bias: bool
    decoders: tuple[str, ...] = ("plain",)


WINDOWED = {
    "repeat-vector": WindowedFamily(
        shapes=repeat_vector_shapes,
        weights=weights_of_checkpoint,
        graph=repeat_vector_graph,
        reconstruct=repeat_vector_reconstruction,
        second_bias=False,
        decoders=DECODERS,
    ),
    "sensor": WindowedFamily(
        shapes=sensor_shapes,
        weights=sensor_weights,
        graph=sensor_graph,
        reconstruct=sensor_reconstruction,
        second_bias=True,
    ),
}


def expected_shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """Returns the name and shape of every parameter that a checkpoint must hold."""
    if checkpoint.family in WINDOWED:
        family = WINDOWED[checkpoint.family]
        return family.shapes(checkpoint.config, len(checkpoint.channels))
    return nab_rds_shapes(checkpoint)


def windowed(family: str, name: str) -> WindowedFamily:
    """Returns the windowed family of a capsule called `name`; raises CapsuleError."""
    if family not in WINDOWED:
        raise CapsuleError(
            f"{name} is of family {family}: only {' and '.join(WINDOWED)} can be calibrated"
        )
    return WINDOWED[family]
