"""A forecaster's weights: their names and shapes in a checkpoint, and by what they do."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer, lstm_shapes
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.forecasting.calendar import TERM_WIDTH
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["Dense", "DirectWeights", "Layout", "RecursiveWeights", "expected_shapes"]

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Layout:
    """How channels meet the network. channels: C. covariates: of a row, calendar terms last.

    groups: of channels that are a sequence of their own, G. width: channels of a group.
    """

    channels: int
    covariates: int
    calendar: int
    groups: int
    width: int

    @classmethod
    def of(cls, config: ForecasterConfig, columns: int) -> "Layout":
        """Returns the layout of a network over `columns`, channels and then covariates."""
        channels = columns - len(config.covariates)
        calendar = TERM_WIDTH * len(config.calendar)
        groups = channels if config.channels == "independent" else 1
        return cls(
            channels=channels,
            covariates=len(config.covariates) + calendar,
            calendar=calendar,
            groups=groups,
            width=channels // groups,
        )


@dataclass(frozen=True)
class Dense:
    """A dense layer: weight (outputs, inputs) and bias (outputs,)."""

    weight: AnyArray
    bias: AnyArray

    @classmethod
    def of(cls, weights: Mapping[str, AnyArray], name: str) -> "Dense":
        """Returns the layer called `name` among a checkpoint's weights; no bias is a bias of 0."""
        weight = weights[f"{name}.weight"]
        return cls(weight, weights.get(f"{name}.bias", np.zeros(len(weight), weight.dtype)))

    def answer(self, values: Float64) -> Float64:
        """Returns weight @ values + bias over the last axis, in double precision."""
        return values @ self.weight.T.astype(np.float64) + self.bias


@dataclass(frozen=True)
class DirectWeights:
    """See `Direct` in train/. questions: (G, M, U), the decoder's input without the calendar.

    linear: the layers of the linear half in their order, none where there is
    none; share: the LSTM's part of the sum.
    """

    project: Dense
    lstm: LstmLayer
    questions: AnyArray
    calendar: Dense | None
    dense: Dense
    linear: tuple[Dense, ...]
    share: float

    @classmethod
    def of(
        cls, config: ForecasterConfig, layout: Layout, weights: Mapping[str, AnyArray]
    ) -> "DirectWeights":
        """Returns the network in a checkpoint's weights, which must be the family's."""
        places = weights["places"]
        shape = (layout.groups, len(places), config.units)
        if config.channels == "independent":
            names = weights["of_channels"]
            questions = np.concatenate(
                [
                    np.broadcast_to(places[None], (*shape[:2], places.shape[1])),
                    np.broadcast_to(names[:, None], (*shape[:2], names.shape[1])),
                ],
                axis=2,
            )
        else:
            questions = places[None]
        linear = range(1 + bool(config.rank)) if config.linear else ()
        return cls(
            project=Dense.of(weights, "project"),
            lstm=LstmLayer.of(weights, "lstm", 0),
            questions=questions,
            calendar=Dense.of(weights, "calendar") if layout.calendar else None,
            dense=Dense.of(weights, "dense"),
            linear=tuple(Dense.of(weights, f"linear.{number}") for number in linear),
            share=float(weights["share"][0]) if config.linear else 1.0,
        )


@dataclass(frozen=True)
class RecursiveWeights:
    """See `Recursive` in train/: LSTM layers, then dense ones."""

    lstm: tuple[LstmLayer, ...]
    dense: tuple[Dense, ...]

    @classmethod
    def of(cls, config: ForecasterConfig, weights: Mapping[str, AnyArray]) -> "RecursiveWeights":
        """Returns the network in a checkpoint's weights, which must be the family's."""
        layers = range(config.layers)
        return cls(
            lstm=tuple(LstmLayer.of(weights, f"lstm.{layer}", 0) for layer in layers),
            dense=tuple(
                Dense.of(weights, f"dense.{number}") for number in range(1 + bool(config.dense))
            ),
        )


def expected_shapes(config: ForecasterConfig, columns: int) -> Shapes:
    """Returns the name and shape of every parameter that a checkpoint holds, no more and no fewer.

    The LSTM's share is among them, which is chosen and does not count as one.
    """
    layout = Layout.of(config, columns)
    if config.strategy == "recursive":
        return _recursive_shapes(config, layout)
    units, rows = config.units, config.segment
    independent = config.channels == "independent"
    place = units // 2 if independent else units
    shapes = _dense_shapes("project", rows * (layout.width + layout.covariates), units)
    shapes |= lstm_shapes("lstm", 0, inputs=units, units=units)
    shapes |= {"places": (-(-config.horizon // rows), place)}
    shapes |= {"of_channels": (layout.channels, units - place)} if independent else {}
    shapes |= _dense_shapes("calendar", layout.calendar, units) if layout.calendar else {}
    shapes |= _dense_shapes("dense", units, rows * layout.width)
    if not config.linear:
        return shapes
    shapes |= {"share": (1,)}
    if not config.rank:
        return shapes | _dense_shapes("linear.0", config.linear, config.horizon)
    inner: Shapes = {"linear.0.weight": (config.rank, config.linear)}
    return shapes | inner | _dense_shapes("linear.1", config.rank, config.horizon)


def _recursive_shapes(config: ForecasterConfig, layout: Layout) -> Shapes:
    shapes: Shapes = {}
    for layer in range(config.layers):
        inputs = config.units if layer else layout.width + layout.covariates
        shapes |= lstm_shapes(f"lstm.{layer}", 0, inputs=inputs, units=config.units)
    if not config.dense:
        return shapes | _dense_shapes("dense.0", config.units, layout.width)
    hidden = _dense_shapes("dense.0", config.units, config.dense)
    return shapes | hidden | _dense_shapes("dense.1", config.dense, layout.width)


def _dense_shapes(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
