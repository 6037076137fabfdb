"""Encoder and decoder of one width: the repeat-vector and the sensor family."""

from dataclasses import dataclass

from stillwatch.export.importing.layers import Dense, Foreign, Lstm, Repeat
from stillwatch.export.importing.understood import (
    Options,
    Understood,
    Unfit,
    named,
    plain,
    window_of,
)
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["halves", "repeat_vector", "sensor"]


@dataclass(frozen=True)
class _Autoencoder:
    encoder: tuple[Lstm, ...]
    decoder: tuple[Lstm, ...]
    dense: Dense


def repeat_vector(network: Foreign, options: Options) -> Understood:
    """Returns the network as a repeat-vector autoencoder; raises Unfit."""
    parts = _autoencoder(network, options)
    article = options.family is None and _named_as_the_sensor_article(network, parts)
    if article or any(layer.begins for layer in parts.decoder):
        raise Unfit("wants a decoder that begins from zeros")
    channels = parts.dense.outputs
    config = RepeatVectorConfig(
        units=parts.dense.inputs,
        layers=len(parts.encoder),
        channels="independent" if channels == 1 else "joint",
        window=window_of(network, options),
    )
    blocks = [("encoder", i, layer) for i, layer in enumerate(parts.encoder)]
    blocks += [("decoder", i, layer) for i, layer in enumerate(parts.decoder)]
    weights, table = named(blocks, parts.dense, one_bias=True)
    return Understood(
        family="repeat-vector",
        config=config,
        channels=channels,
        weights=weights,
        table=table,
        remarks=_remarks(parts),
    )


def sensor(network: Foreign, options: Options) -> Understood:
    """Returns the network as a sensor autoencoder; raises Unfit."""
    parts = _autoencoder(network, options)
    zeros = any(layer.begins is False for layer in parts.decoder)
    repeats = any(isinstance(layer, Repeat) for layer in network.layers)
    if zeros or (repeats and not all(layer.begins for layer in parts.decoder)):
        raise Unfit("wants a decoder that begins from the encoder's (h, c)")
    config = SensorConfig(
        units=parts.dense.inputs,
        layers=len(parts.encoder),
        window=window_of(network, options),
    )
    blocks = [(f"encoder.{i}", 0, layer) for i, layer in enumerate(parts.encoder)]
    blocks += [(f"decoder.{i}", 0, layer) for i, layer in enumerate(parts.decoder)]
    weights, table = named(blocks, parts.dense, one_bias=False)
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
    encoder, decoder = halves(network, layers)
    for layer in layers:
        plain(layer)
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


def halves(network: Foreign, layers: list[Lstm]) -> tuple[list[Lstm], list[Lstm]]:
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


def _remarks(parts: _Autoencoder) -> tuple[str, ...]:
    if parts.dense.activation is None:
        return ("nothing behind the dense layer, which the file does not say",)
    return ()
