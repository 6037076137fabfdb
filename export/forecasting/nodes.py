"""Nodes that both strategies' graphs have: inputs, dense layers, LSTM layers, intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.export.forecasting.weights import Dense, Layout
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.runtime.arrays import AnyArray

__all__ = ["Scaler", "dense", "intervals", "lstm", "opened"]


@dataclass(frozen=True)
class Scaler:
    """What is taken off each column and what divides it, (C + K,), the columns' own units."""

    mean: AnyArray
    scale: AnyArray


def opened(graph: Graph, layout: Layout, horizon: int | str) -> None:
    """Adds the inputs: values (N, T, C + K) and, where it is read, the calendar of all rows.

    The calendar has the horizon's rows behind those of the values.
    """
    columns = layout.channels + layout.covariates - layout.calendar
    graph.input("values", ["batch", "time", columns])
    if layout.calendar:
        graph.input("calendar", ["calendar_batch", f"time + {horizon}", layout.calendar])


def dense(graph: Graph, values: str, layer: Dense, name: str, prefix: str = "") -> str:
    """Returns a dense layer's answer to values (..., inputs); prefix: of the nodes' names."""
    weight, bias = graph.weight(f"{name}_weight", layer.weight.T), f"{name}_bias"
    product = graph.node("MatMul", [values, weight], f"{prefix}{name}_product")
    return graph.node("Add", [product, graph.weight(bias, layer.bias)], f"{prefix}{name}_answer")


def lstm(
    graph: Graph, layer: LstmLayer, name: str, inputs: Sequence[str], output: str
) -> Sequence[str]:
    """Returns a layer's hidden states (T, 1, N, U), and its last h and c (1, N, U).

    inputs: the steps (T, N, C), then lengths and initial h and c as far as
    they are given. name: of the weights, which several nodes may share.
    """
    steps, *rest = inputs
    tensors = [
        graph.weight(f"{name}_{part}", tensor)
        for part, tensor in zip("WRB", layer.onnx_tensors(), strict=True)
    ]
    return graph.nodes(
        "LSTM",
        [steps, *tensors, *rest],
        [f"{output}_all", f"{output}_h", f"{output}_c"],
        hidden_size=layer.units,
    )


def intervals(graph: Graph, widths: tuple[AnyArray, AnyArray] | None) -> None:
    """Adds forecast_low and forecast_high, where the widths (H, C) below and above are known.

    They are defaults of inputs: a host that measured its own may feed them.
    """
    if widths is None:
        return
    horizon, channels = widths[0].shape
    for name, operator, output, width in (
        ("below", "Sub", "forecast_low", widths[0]),
        ("above", "Add", "forecast_high", widths[1]),
    ):
        graph.input(name, [horizon, channels], width)
        graph.node(operator, ["forecast", name], output)
        graph.output(output, ["batch", horizon, channels])
