"""Keras' configuration of a model as data: the layers that can come in, and the line for others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.export.importing.bounded import LONGEST_NAME
from stillwatch.runtime.errors import CheckpointError

__all__ = ["LayerConfig", "layer_configs"]

# What ONNX's LSTM and dense layers can express, by Keras' names.
_CELL = ("tanh", "relu", "sigmoid", "linear")
_GATE = ("sigmoid", "hard_sigmoid")
_DENSE = ("linear", "tanh", "relu", "sigmoid")
_NOTHING = ("InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "Activation")
_MOST_LAYERS = 256


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """A layer's configuration. saved: how Keras 3 calls its group of weights."""

    name: str
    kind: str
    saved: str = ""
    bidirectional: bool = False
    sequences: bool | None = False
    activation: str = "tanh"
    gate: str = "sigmoid"
    bias: bool = True
    repeats: int = 0
    window: int | None = None


def layer_configs(document: Any, name: str) -> list[LayerConfig]:
    """Returns the layers of a Sequential or a chain of them; raises CheckpointError."""
    try:
        entries = document["config"]["layers"]
        if document["class_name"] not in ("Sequential", "Functional", "Model"):
            raise CheckpointError(
                f"{name} is a Keras {str(document['class_name'])[:60]!a}: expected a Sequential or "
                "a functional chain of layers"
            )
        if not isinstance(entries, list) or len(entries) > _MOST_LAYERS:
            raise CheckpointError(f"{name} has no list of at most {_MOST_LAYERS} layers")
        counts: dict[str, int] = {}
        result = []
        for entry in entries:
            config = _layer(str(entry["class_name"]), entry["config"], counts, name)
            result += [config] if config else []
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"{name} has no configuration as Keras writes it: {error}") from error
    return result


def _layer(
    kind: str, config: Mapping[str, Any], counts: dict[str, int], name: str
) -> LayerConfig | None:
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    window = int(shape[1]) if shape and len(shape) == 3 and shape[1] else None
    if kind == "InputLayer":
        return LayerConfig(name="input", kind="input", window=window)
    if kind in _NOTHING:
        if kind == "Activation" and config["activation"] != "linear":
            raise CheckpointError(f"{name} has a layer Activation apart: put it into its Dense")
        return None
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
    number = counts.get(snake, 0)
    counts[snake] = number + 1
    saved = snake + (f"_{number}" if number else "")
    own = str(config["name"])[:LONGEST_NAME]
    if kind == "RepeatVector":
        return LayerConfig(name=own, kind="repeat", repeats=int(config["n"]))
    inner, outer = config, kind
    if kind in ("Bidirectional", "TimeDistributed"):
        inner, outer = config["layer"]["config"], str(config["layer"]["class_name"])
    if kind == "Bidirectional" and config.get("merge_mode", "concat") != "concat":
        raise CheckpointError(f"{name}: {own!a} merges its directions by other than concat")
    if outer not in ("LSTM", "Dense") or (kind == "TimeDistributed" and outer != "Dense"):
        raise CheckpointError(
            f"{name} has a layer {outer[:60]!a}: LSTM, Bidirectional(LSTM), RepeatVector, Dense "
            "and TimeDistributed(Dense) can come in"
        )
    made = _lstm if outer == "LSTM" else _dense
    return made(own, saved, kind == "Bidirectional", inner, window, name)


def _lstm(
    own: str, saved: str, two: bool, config: Mapping[str, Any], window: int | None, name: str
) -> LayerConfig:
    activation, gate = str(config["activation"]), str(config["recurrent_activation"])
    if activation not in _CELL or gate not in _GATE or config.get("go_backwards"):
        raise CheckpointError(
            f"{name}: {own!a} has activation {activation[:40]!a}, recurrent_activation "
            f"{gate[:40]!a}{', go_backwards' if config.get('go_backwards') else ''}: ONNX's LSTM "
            f"expresses {', '.join(_CELL)} and {', '.join(_GATE)}"
        )
    return LayerConfig(
        name=own,
        kind="lstm",
        saved=saved,
        bidirectional=two,
        sequences=bool(config["return_sequences"]),
        activation=activation,
        gate=gate,
        bias=bool(config.get("use_bias", True)),
        window=window,
    )


def _dense(
    own: str, saved: str, _two: bool, config: Mapping[str, Any], window: int | None, name: str
) -> LayerConfig:
    activation = str(config["activation"])
    if activation not in _DENSE:
        raise CheckpointError(
            f"{name}: {own!a} has activation {activation[:40]!a}: expected {', '.join(_DENSE)}"
        )
    return LayerConfig(
        name=own,
        kind="dense",
        saved=saved,
        activation=activation,
        bias=bool(config.get("use_bias", True)),
        window=window,
    )
