"""Encoder and decoder of any widths, directions and activations: the stack family."""

import dataclasses

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.autoencoders import halves
from stillwatch.export.importing.layers import Dense, Foreign, Lstm, Repeat
from stillwatch.export.importing.understood import Options, Understood, Unfit, named, window_of
from stillwatch.train.families.stack.config import CELLS, DENSE, GATES, StackConfig, StackLayer

__all__ = ["stack"]


def stack(network: Foreign, options: Options) -> Understood:
    """Returns the network as a stack; raises Unfit.

    Which layers belong to the encoder, and how the last step of both
    directions is taken, has to be told by the file: by a layer that repeats.
    Without one every layer is of the decoder, where each passes on every step.
    """
    layers = [layer for layer in network.layers if isinstance(layer, Lstm)]
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    repeats = sum(isinstance(layer, Repeat) for layer in network.layers)
    if len(dense) != 1 or not layers or network.layers[-1] is not dense[0] or repeats > 1:
        raise Unfit("wants LSTM layers, one repeat among them at most, and one dense layer last")
    if not network.ordered and options.family != "stack":
        raise Unfit("wants a file that says how its layers follow each other, or --family stack")
    if not network.ordered and any(layer.backward is not None for layer in layers):
        raise Unfit("wants to know what a layer of both directions ends with: save the whole model")
    if any(layer.begins for layer in layers):
        raise Unfit("wants a decoder that begins from zeros")
    if repeats or not network.ordered:
        encoder, decoder = halves(network, layers)
    else:
        encoder, decoder = [], layers
    _check(encoder, decoder, dense[0])
    activation = options.activation or dense[0].activation or "linear"
    if activation not in DENSE:
        raise Unfit(f"wants {', '.join(DENSE)} behind the dense layer, this has {activation}")
    cells = [
        *((f"encoder.{i}", layer) for i, layer in enumerate(encoder)),
        *((f"decoder.{i}", layer) for i, layer in enumerate(decoder)),
    ]
    blocks = [(name, 0, one) for label, layer in cells for name, one in _directions(label, layer)]
    weights, table = named(blocks, dense[0], one_bias=False)
    remarks = []
    if dense[0].activation is None and options.activation is None:
        remarks.append("nothing behind the dense layer, which the file does not say")
    if not network.ordered:
        remarks.append("the encoder's last state repeated into the decoder, likewise")
    return Understood(
        family="stack",
        config=StackConfig(
            encoder_layers=tuple(str(_described(layer)) for layer in encoder),
            decoder_layers=tuple(str(_described(layer)) for layer in decoder),
            activation=activation,
            window=window_of(network, options),
        ),
        channels=dense[0].outputs,
        weights=weights,
        table=table,
        remarks=tuple(remarks),
    )


def _check(encoder: list[Lstm], decoder: list[Lstm], dense: Dense) -> None:
    """Raises Unfit for layers that do not fit each other."""
    width = dense.outputs
    for layer in (*encoder, *decoder):
        if layer.inputs != width:
            raise Unfit(f"wants {width} values into {layer.block!a}, it reads {layer.inputs}")
        if layer.activation not in CELLS or layer.gate not in GATES:
            raise Unfit(f"wants other activations than {layer.activation} and {layer.gate}")
        width = layer.outputs
    if dense.inputs != width:
        raise Unfit(f"wants {width} values into the dense layer, it reads {dense.inputs}")
    told = [layer.sequences for layer in (*encoder, *decoder) if layer.sequences is not None]
    ends = [True] * (len(encoder) - 1) + [False] * bool(encoder) + [True] * len(decoder)
    if told and told != ends:
        raise Unfit("wants the encoder's last layer alone to pass on its last step alone")


def _described(layer: Lstm) -> StackLayer:
    return StackLayer(
        units=layer.forward.units,
        both=layer.backward is not None,
        activation=layer.activation,
        gate=layer.gate,
    )


def _directions(label: str, layer: Lstm) -> list[tuple[str, Lstm]]:
    """Returns the cells of a layer by our names, each as a layer of one direction."""
    forward = dataclasses.replace(layer, backward=None)
    if layer.backward is None:
        return [(label, forward)]
    sources = {
        part.removeprefix("backward."): theirs
        for part, theirs in layer.sources.items()
        if part.startswith("backward.")
    }
    backward = dataclasses.replace(
        layer, forward=_floats(layer.backward), backward=None, sources=sources
    )
    return [(label, forward), (f"{label}.backward", backward)]


def _floats(cell: LstmLayer) -> LstmLayer:
    parts = (cell.i2h_weight, cell.h2h_weight, cell.i2h_bias, cell.h2h_bias)
    return LstmLayer(*(np.asarray(part, np.float32) for part in parts))
