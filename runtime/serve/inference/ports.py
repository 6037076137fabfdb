"""A served capsule's graph as the protocol sees it: its tensors, and one call of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import onnxruntime

from stillwatch.runtime.arrays import LARGEST, SMALLEST, AnyArray
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.inference.tensors import DATATYPES
from stillwatch.runtime.serve.models.registry import Served

__all__ = ["Graph", "Port", "graph_of"]


@dataclass(frozen=True)
class Port:
    """An input or output. shape: -1 for an axis of any length. optional: it has a default."""

    name: str
    datatype: str
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    optional: bool = False

    def told(self) -> dict[str, Any]:
        """Returns it as the protocol's metadata has it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass(frozen=True)
class Graph:
    """inputs, outputs: by name."""

    session: onnxruntime.InferenceSession
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]

    def run(self, feeds: Mapping[str, AnyArray], names: Sequence[str]) -> dict[str, AnyArray]:
        """Returns the outputs of those names; raises InputError for inputs that do not fit.

        An alarm is also raised where the score is no number: that is no all-clear.
        """
        for name, array in feeds.items():
            self._check(name, array, feeds["values"])
        asked = list(dict.fromkeys([*names, *(["score"] if "alarm" in names else [])]))
        try:
            outputs = dict(zip(asked, self.session.run(asked, dict(feeds)), strict=True))
        except Exception:  # onnxruntime's exceptions share no base, and quote files of its source
            raise InputError("the model cannot take inputs of these shapes") from None
        if "alarm" in outputs:
            outputs["alarm"] = outputs["alarm"] | np.isnan(outputs["score"])
        return {name: outputs[name] for name in names}

    def _check(self, name: str, array: AnyArray, values: AnyArray) -> None:
        port = self.inputs[name]
        fits = array.ndim == len(port.shape) and all(
            wanted in (-1, given) for wanted, given in zip(port.shape, array.shape, strict=True)
        )
        if not fits:
            raise InputError(
                f"input {name!r}: expected shape {list(port.shape)}, got {list(array.shape)}"
            )
        if name in ("mean", "scale") and array.shape[:2] not in _broadcast(values):
            raise InputError(f"input {name!r}: expected a shape that fits the values'")
        if array.dtype.kind == "f" and not (np.abs(array) <= LARGEST).all():  # False for NaN
            raise InputError(f"input {name!r}: expected finite numbers")
        if name == "scale" and (array < SMALLEST).any():
            raise InputError("input 'scale': expected numbers above 0")


def _broadcast(values: AnyArray) -> list[tuple[int, int]]:
    series, rows = values.shape[:2]
    return [(n, t) for n in (1, series) for t in (1, rows)]


@lru_cache(maxsize=64)
def graph_of(served: Served) -> Graph:
    """Returns the graph of a served capsule."""
    model = served.detector.model if served.detector is not None else None
    session = model.session if model else served.forecaster.model.session  # type: ignore[union-attr]
    required = [_port(one) for one in session.get_inputs()]
    defaulted = [_port(one, optional=True) for one in session.get_overridable_initializers()]
    outputs = [_port(one) for one in session.get_outputs()]
    return Graph(
        session,
        {port.name: port for port in [*required, *defaulted]},
        {port.name: port for port in outputs},
    )


def _port(argument: Any, *, optional: bool = False) -> Port:
    datatype, kind = DATATYPES[argument.type]
    shape = tuple(n if isinstance(n, int) else -1 for n in argument.shape)
    return Port(argument.name, datatype, kind, shape, optional)
