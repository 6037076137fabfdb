"""Which of our families a network is: from names, shapes, and what its file says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.export.importing.layers import Dense, Foreign, Lstm, Repeat
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.families.config import Config
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["Options", "Understood", "Unfit", "understand"]

_PARTS = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")


class Unfit(Exception):  # noqa: N818  (it is an answer, not an error)
    """Why a network is not of a family."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user says where names and shapes do not: family, rows of a window, activation."""

    family: str | None = None
    window: int | None = None
    activation: str | None = None


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A network as one of our families.

    weights: by our names, as a checkpoint has them. table: their name, ours
    and the shape of each. remarks: what was taken for granted.
    """

    family: str
    config: Config
    channels: int
    weights: Mapping[str, AnyArray]
    table: tuple[tuple[str, str, tuple[int, ...]], ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Autoencoder:
    encoder: tuple[Lstm, ...]
    decoder: tuple[Lstm, ...]
    dense: Dense


def understand(network: Foreign, options: Options, name: str) -> Understood:
    """Returns the network as one of our families; raises CheckpointError with what it would want.

    Where several fit, as the repeat-vector and the sensor family do by their
    shapes, `options.family` has to say which.
    """
    families = {"nab-rds": _nab_rds, "repeat-vector": _repeat_vector, "sensor": _sensor}
    if options.family is not None and options.family not in families:
        raise CheckpointError(f"expected a family of {', '.join(families)}, got {options.family!r}")
    fits, reasons = [], []
    for family, take in families.items():
        if options.family not in (None, family):
            continue
        try:
            fits.append(take(network, options))
        except Unfit as reason:
            reasons.append(f"{family}: {reason}")
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise CheckpointError(
            f"{name} holds {_layers(network)}, which is no family of ours ({'; '.join(reasons)})"
        )
    raise CheckpointError(
        f"{name} can be {' or '.join(f.family for f in fits)}, and names do not tell: give "
        "--family repeat-vector where the decoder begins from zeros, --family sensor where it "
        "begins from the encoder's (h, c)"
    )


def _nab_rds(network: Foreign, options: Options) -> Understood:
    lstm, dense, *others = (*network.layers, None, None)
    if any(others) or not isinstance(lstm, Lstm) or not isinstance(dense, Dense):
        raise Unfit("wants one LSTM layer and one dense layer")
    _plain(lstm)
    if lstm.inputs != 1 or dense.outputs != 1 or dense.inputs != lstm.outputs:
        raise Unfit(f"wants 1 value in and 1 out, this reads {lstm.inputs}, gives {dense.outputs}")
    if lstm.sequences is False:
        raise Unfit("wants an answer at every step, this LSTM passes on its last one")
    activation = options.activation or dense.activation
    if activation not in (None, "tanh"):
        raise Unfit(f"wants tanh behind the dense layer, this has {activation}")
    window = options.window or network.window or NabRdsConfig().window
    remarks = []
    if activation is None:
        remarks.append("tanh behind the dense layer, which the file does not say")
    if not (options.window or network.window):
        remarks.append(f"windows of {window} rows, as published; --window for another")
    weights, table = _named([("lstm", 0, lstm)], dense, one_bias=False)
    config = NabRdsConfig(units=lstm.forward.units, window=window)
    return Understood(
        family="nab-rds",
        config=config,
        channels=1,
        weights=weights,
        table=table,
        remarks=tuple(remarks),
    )


def _repeat_vector(network: Foreign, options: Options) -> Understood:
    parts = _autoencoder(network, options)
    named = options.family is None and _named_as_the_sensor_article(network, parts)
    if named or any(layer.begins for layer in parts.decoder):
        raise Unfit("wants a decoder that begins from zeros")
    channels = parts.dense.outputs
    config = RepeatVectorConfig(
        units=parts.dense.inputs,
        layers=len(parts.encoder),
        channels="independent" if channels == 1 else "joint",
        window=_window(network, options),
    )
    blocks = [("encoder", i, layer) for i, layer in enumerate(parts.encoder)]
    blocks += [("decoder", i, layer) for i, layer in enumerate(parts.decoder)]
    weights, table = _named(blocks, parts.dense, one_bias=True)
    return Understood(
        family="repeat-vector",
        config=config,
        channels=channels,
        weights=weights,
        table=table,
        remarks=_remarks(parts),
    )


def _sensor(network: Foreign, options: Options) -> Understood:
    parts = _autoencoder(network, options)
    zeros = any(layer.begins is False for layer in parts.decoder)
    if zeros or any(isinstance(layer, Repeat) for layer in network.layers):
        raise Unfit("wants a decoder that begins from the encoder's (h, c)")
    config = SensorConfig(
        units=parts.dense.inputs,
        layers=len(parts.encoder),
        window=_window(network, options),
    )
    blocks = [(f"encoder.{i}", 0, layer) for i, layer in enumerate(parts.encoder)]
    blocks += [(f"decoder.{i}", 0, layer) for i, layer in enumerate(parts.decoder)]
    weights, table = _named(blocks, parts.dense, one_bias=False)
    return Understood(
        family="sensor",
        config=config,
        channels=parts.dense.outputs,
        weights=weights,
        table=table,
        remarks=_remarks(parts),
    )


def _autoencoder(network: Foreign, options: Options) -> _Autoencoder:
    """Returns encoder, decoder and dense layer, whose sizes fit each other; raises Unfit."""
    layers = [layer for layer in network.layers if isinstance(layer, Lstm)]
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    if len(dense) != 1 or len(layers) < 2 or len(layers) % 2:
        raise Unfit("wants as many LSTM layers in the encoder as in the decoder, one dense layer")
    encoder, decoder = _halves(network, layers)
    for layer in layers:
        _plain(layer)
    units = {layer.forward.units for layer in layers}
    if len(encoder) != len(decoder) or len(units) != 1:
        raise Unfit(f"wants layers of one width, this has {[layer.outputs for layer in layers]}")
    (width,) = units
    inner = [layer.inputs for layer in (*encoder[1:], *decoder)]
    if encoder[0].inputs != dense[0].outputs or {*inner, dense[0].inputs} != {width}:
        raise Unfit("wants as many values out as in, and layers that fit each other")
    if any(layer.sequences is not None for layer in layers):
        told = [layer.sequences for layer in (*encoder, *decoder)]
        if told != [True] * (len(encoder) - 1) + [False] + [True] * len(decoder):
            raise Unfit("wants the encoder's last state alone to reach the decoder")
    activation = options.activation or dense[0].activation
    if activation not in (None, "linear"):
        raise Unfit(f"wants nothing behind the dense layer, this has {activation}")
    return _Autoencoder(tuple(encoder), tuple(decoder), dense[0])


def _halves(network: Foreign, layers: list[Lstm]) -> tuple[list[Lstm], list[Lstm]]:
    """Returns encoder and decoder: by what repeats between them, by their blocks, or by count."""
    where = [i for i, layer in enumerate(network.layers) if isinstance(layer, Repeat)]
    if len(where) == 1:
        before = [layer for layer in network.layers[: where[0]] if isinstance(layer, Lstm)]
        return before, layers[len(before) :]
    blocks = list(dict.fromkeys(layer.block for layer in layers))
    if len(blocks) == 2:
        # Not by their order: safetensors sorts by name, and d comes before e.
        first = next((b for b in blocks if "enc" in b.lower()), None)
        first = first or next((b for b in blocks if "dec" not in b.lower()), blocks[0])
        return (
            [layer for layer in layers if layer.block == first],
            [layer for layer in layers if layer.block != first],
        )
    encoder = [layer for layer in layers if "enc" in layer.block.lower()]
    if encoder and len(encoder) * 2 == len(layers):
        return encoder, [layer for layer in layers if "enc" not in layer.block.lower()]
    return layers[: len(layers) // 2], layers[len(layers) // 2 :]


def _named_as_the_sensor_article(network: Foreign, parts: _Autoencoder) -> bool:
    """Whether these are the names of the sensor article's class, whose decoder takes (h, c)."""
    names = (parts.encoder[0].block, parts.decoder[0].block, parts.dense.block)
    last = tuple(name.rsplit(".", 1)[-1] for name in names)
    return network.framework == "PyTorch" and last == ("encoder", "decoder", "fc")


def _plain(layer: Lstm) -> None:
    if layer.backward is not None:
        raise Unfit(f"wants one direction, {layer.block!a} has two")
    if (layer.activation, layer.gate) != ("tanh", "sigmoid"):
        raise Unfit(f"wants tanh and sigmoid, {layer.block!a} has {layer.activation}, {layer.gate}")


def _window(network: Foreign, options: Options) -> int:
    window = options.window or network.window
    if window is None:
        raise CheckpointError(
            "the file does not say how many rows a window has: give --window N, as it was trained"
        )
    return window


def _remarks(parts: _Autoencoder) -> tuple[str, ...]:
    if parts.dense.activation is None:
        return ("nothing behind the dense layer, which the file does not say",)
    return ()


def _named(
    blocks: list[tuple[str, int, Lstm]], dense: Dense, *, one_bias: bool
) -> tuple[dict[str, AnyArray], tuple[tuple[str, str, tuple[int, ...]], ...]]:
    """Returns the weights by our names, and the table of names.

    one_bias: the second bias of a layer is added to the first, in double
    precision, and is zero, as in the repeat-vector family.
    """
    weights: dict[str, AnyArray] = {}
    table = []
    for block, number, layer in blocks:
        arrays = dict(zip(_PARTS, _arrays(layer.forward, one_bias=one_bias), strict=True))
        for part, array in arrays.items():
            ours = f"{block}._unfused.{number}.{part}"
            weights[ours] = array
            table.append((layer.sources.get(part, "(zeros)"), ours, array.shape))
    for part, array in (("weight", dense.weight), ("bias", dense.bias)):
        weights[f"dense.{part}"] = np.ascontiguousarray(array, np.float32)
        table.append((dense.sources.get(part, "(zeros)"), f"dense.{part}", array.shape))
    return weights, tuple(table)


def _arrays(layer: LstmLayer, *, one_bias: bool) -> list[AnyArray]:
    arrays = [
        np.ascontiguousarray(array, np.float32)
        for array in (layer.i2h_weight, layer.h2h_weight, layer.i2h_bias, layer.h2h_bias)
    ]
    if one_bias:
        arrays[2] = (arrays[2].astype(np.float64) + arrays[3]).astype(np.float32)
        arrays[3] = np.zeros_like(arrays[3])
    return arrays


def _layers(network: Foreign) -> str:
    def text(layer: object) -> str:
        if isinstance(layer, Lstm):
            two = ", both directions" if layer.backward is not None else ""
            return f"LSTM({layer.inputs} -> {layer.outputs}{two})"
        if isinstance(layer, Dense):
            return f"Dense({layer.inputs} -> {layer.outputs})"
        return "Repeat"

    return ", ".join(map(text, network.layers))
