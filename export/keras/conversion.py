"""A checkpoint as a Keras 3 model, on whichever backend Keras runs: the way back.

    model = to_keras("checkpoint")        a keras.Model, ready to predict, train on or save
    model.save("colleague.keras")         which 'stillwatch import' reads again

Keras stacks an LSTM's gates i, f, c, o, as Gluon does by other letters, keeps
one bias vector, and has kernels transposed: (inputs, 4H).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.export.keras.models import keras_model, lstm_names
from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import CheckpointError, ExtraError
from stillwatch.train.data.checkpoint import load_checkpoint

__all__ = ["to_keras"]


def to_keras(folder: str | Path) -> Any:
    """Returns the network of a checkpoint as a Keras model with its weights.

    It takes scaled windows (N, T, C), C = 1 for independent channels, and gives
    their reconstruction; T is the checkpoint's window. Raises CheckpointError,
    for a forecaster too, and ExtraError where Keras 3 is not installed.
    """
    checkpoint, weights = load_checkpoint(folder)
    try:
        import keras
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"Keras does not import here ({error}): pip install keras, and a backend such as "
            "torch, named in the variable KERAS_BACKEND"
        ) from error
    if int(keras.__version__.partition(".")[0]) < 3:
        raise ExtraError(f"expected Keras 3, which a model is made for, got {keras.__version__}")
    model = keras_model(keras, checkpoint.config, len(checkpoint.channels))
    recurrent = [layer for layer in model.layers if isinstance(layer, _recurrent(keras))]
    names = lstm_names(checkpoint.config)
    try:
        for layer, cells in zip(recurrent, names, strict=True):
            layer.set_weights([array for cell in cells for array in _cell(weights, cell)])
        dense = [weights["dense.weight"].T, weights["dense.bias"]]
        (last,) = (layer for layer in model.layers if layer.weights and layer not in recurrent)
        last.set_weights(dense)
    except (KeyError, ValueError) as error:  # Keras lists the shapes that it has
        raise CheckpointError(f"{folder} does not hold the weights of its family") from error
    return model


def _recurrent(keras: Any) -> tuple[Any, ...]:
    return keras.layers.LSTM, keras.layers.Bidirectional


def _cell(weights: Mapping[str, AnyArray], name: str) -> list[Float32]:
    """Returns kernel, recurrent kernel and bias of one direction of a layer."""
    i2h, h2h, first, second = (
        weights[f"{name}.{part}"] for part in ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias")
    )
    bias = first.astype(np.float64) + second
    return [np.asarray(part, np.float32) for part in (i2h.T, h2h.T, bias)]
