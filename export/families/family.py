"""What a model family gives to export, calibration, verification and the engines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.lstm import Weights
from stillwatch.runtime.arrays import AnyArray, Float64

if TYPE_CHECKING:  # its package reaches the data store, which an export has no use for
    from stillwatch.train.data.sets.series import LabelledSeries

__all__ = ["Family", "none_frozen"]


def none_frozen(_: str) -> bool:
    """Returns False: every parameter is trained."""
    return False


def _one(_: Any) -> int:
    """Returns 1: a row a step."""
    return 1


@dataclass(frozen=True, kw_only=True)
class Family:
    """All that is a family's own; its functions take its configuration first.

    shapes: with the number of channels, gives the name and shape of every
    parameter, no more and no fewer. network: of a checkpoint's arrays.
    reconstruct: of a network and scaled values (T, C), in plain NumPy, cut
    into windows. frozen: by a parameter's name, whether it stays at zero and
    is not counted.

    causal: it carries a state from call to call, and is calibrated in
    training; the others want whole windows, and are judged by a Mahalanobis
    distance that calibration fits. graph: of a causal family, of checkpoint,
    weights and threshold; of the others, of configuration, network and
    sensors. decoders: the forms that the graph has. segment: rows that the
    network reads and writes at a step. test_series: what the
    published recipe is tested on, where it has one.
    """

    name: str
    shapes: Callable[[Any, int], dict[str, tuple[int, ...]]]
    network: Callable[[Any, Mapping[str, AnyArray]], Weights]
    graph: Callable[..., Graph]
    reconstruct: Callable[[Any, Weights, Float64], Float64]
    frozen: Callable[[str], bool] = none_frozen
    causal: bool = False
    decoders: tuple[str, ...] = ("plain",)
    segment: Callable[[Any], int] = _one
    test_series: "Callable[[], LabelledSeries] | None" = None

    def count(self, weights: Mapping[str, AnyArray]) -> int:
        """Returns how many of the weights are trained."""
        return sum(int(w.size) for name, w in weights.items() if not self.frozen(name))

    def lstm_layers(self, config: Any, channels: int) -> list[tuple[int, int]]:
        """Returns inputs and hidden units of each LSTM layer, in the order of computing."""
        shapes = self.shapes(config, channels)
        inputs = [shape for name, shape in shapes.items() if name.endswith("i2h_weight")]
        return [(width, gates // 4) for gates, width in inputs]
