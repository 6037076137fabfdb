"""The model families as Keras models, without their weights."""

from collections.abc import Callable
from typing import Any

from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.families.config import Config
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.families.stack.config import StackConfig, StackLayer

__all__ = ["keras_model", "lstm_names"]


def keras_model(keras: Any, config: Config, channels: int) -> Any:
    """Returns a family's network as Keras makes it; raises CheckpointError for one that has none.

    keras: the module. channels: of the checkpoint.
    """
    makers: dict[str, Callable[[Any, Any, int], Any]] = {
        NabRdsConfig.family: _nab_rds,
        RepeatVectorConfig.family: _repeat_vector,
        SensorConfig.family: _sensor,
        StackConfig.family: _stack,
    }
    if config.family not in makers:
        raise CheckpointError(
            f"expected a checkpoint of {', '.join(makers)} for Keras, got one of {config.family}"
        )
    return makers[config.family](keras, config, channels)


def lstm_names(config: Config) -> list[list[str]]:
    """Returns what a checkpoint calls the cells of each recurrent layer, in the model's order."""
    if isinstance(config, NabRdsConfig):
        return [["lstm._unfused.0"]]
    if isinstance(config, StackConfig):
        sides = (("encoder", config.encoder_layers), ("decoder", config.decoder_layers))
        return [
            [f"{block}.{number}._unfused.0", f"{block}.{number}.backward._unfused.0"][
                : 1 + StackLayer.parse(text).both
            ]
            for block, texts in sides
            for number, text in enumerate(texts)
        ]
    fused = isinstance(config, RepeatVectorConfig)
    return [
        [f"{block}._unfused.{layer}" if fused else f"{block}.{layer}._unfused.0"]
        for block in ("encoder", "decoder")
        for layer in range(config.layers)
    ]


def _nab_rds(keras: Any, config: NabRdsConfig, _: int) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((config.window, 1)),
            layers.LSTM(config.units, return_sequences=True),
            layers.Dense(1, activation="tanh"),
        ]
    )


def _repeat_vector(keras: Any, config: RepeatVectorConfig, channels: int) -> Any:
    if config.scale_free:
        raise CheckpointError(
            "the network divides each window by its own size first, which no layer of Keras does"
        )
    layers = keras.layers
    width = 1 if config.channels == "independent" else channels
    steps, read = config.window // config.segment, width * config.segment
    last = [number == config.layers - 1 for number in range(config.layers)]
    segments = [layers.Reshape((steps, read))] if config.segment > 1 else []
    rows = [layers.Reshape((config.window, width))] if config.segment > 1 else []
    return keras.Sequential(
        [
            keras.Input((config.window, width)),
            *segments,
            *(layers.LSTM(config.units, return_sequences=not ends) for ends in last),
            layers.RepeatVector(steps),
            *(layers.LSTM(config.units, return_sequences=True) for _ in last),
            layers.TimeDistributed(layers.Dense(read)),
            *rows,
        ]
    )


def _sensor(keras: Any, config: SensorConfig, channels: int) -> Any:
    """A functional model: the decoder begins from the encoder's states."""
    layers = keras.layers
    inputs = hidden = keras.Input((config.window, channels))
    states = []
    for _ in range(config.layers):
        hidden, *state = layers.LSTM(config.units, return_sequences=True, return_state=True)(hidden)
        states.append(state)
    hidden = layers.RepeatVector(config.window)(states[-1][0])
    for state in states:
        hidden = layers.LSTM(config.units, return_sequences=True)(hidden, initial_state=state)
    return keras.Model(inputs, layers.TimeDistributed(layers.Dense(channels))(hidden))


def _stack(keras: Any, config: StackConfig, channels: int) -> Any:
    layers = keras.layers
    encoder = [StackLayer.parse(text) for text in config.encoder_layers]
    decoder = [StackLayer.parse(text) for text in config.decoder_layers]
    made = [
        _lstm(layers, layer, sequences=number < len(encoder) - 1)
        for number, layer in enumerate(encoder)
    ]
    made += [layers.RepeatVector(config.window)] if encoder else []
    made += [_lstm(layers, layer, sequences=True) for layer in decoder]
    dense = layers.Dense(channels, activation=config.activation)
    return keras.Sequential(
        [keras.Input((config.window, channels)), *made, layers.TimeDistributed(dense)]
    )


def _lstm(layers: Any, layer: StackLayer, *, sequences: bool) -> Any:
    if layer.gate == "hard_sigmoid_0.2":
        raise CheckpointError(
            "the network has the hard sigmoid of Keras 2, 0.5 + 0.2 x, which Keras 3 lacks"
        )
    made = layers.LSTM(
        layer.units,
        activation=layer.activation,
        recurrent_activation=layer.gate,
        return_sequences=sequences,
    )
    return layers.Bidirectional(made) if layer.both else made
