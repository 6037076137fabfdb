"""The network of a file, run by its own framework: what an import is compared with.

Where a file has weights alone the framework's own layers are built from what
was understood, and the framework itself reads the weights.
"""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stillwatch.export.importing.formats.gluon import exported_pair
from stillwatch.export.importing.understood import Understood
from stillwatch.export.keras.models import keras_model
from stillwatch.export.pytorch.conversion import torch_module
from stillwatch.export.pytorch.names import torch_names
from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.errors import ExtraError, InputError, first_line
from stillwatch.train.families.table import family_module

__all__ = ["Original", "original"]

Original = Callable[[Float32], Float64]
"""Scaled windows (N, T, C) to what the framework reconstructs of them."""


def original(path: Path, folder: Path, framework: str, understood: Understood) -> Original:
    """Returns the file's network in its own framework; raises ExtraError where it is missing.

    folder: the checkpoint that was made of the file, for the shape of Gluon's
    network where the file has weights alone.
    """
    try:
        if framework == "Gluon":
            return _gluon(path, folder, understood)
        return {"PyTorch": _pytorch, "Keras": _keras, "ONNX": _onnx}[framework](path, understood)
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"{framework} is not installed here (no {error.name}): the file was read without it, "
            "and cannot be run"
        ) from error


def _gluon(path: Path, folder: Path, understood: Understood) -> Original:
    from stillwatch.train.data.mxnet_compat import mx
    from stillwatch.train.loop.fit import to_nd

    symbol, weights = exported_pair(path)
    if symbol is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types that it takes for granted, rightly
            block = mx.gluon.SymbolBlock.imports(str(symbol), ["data"], str(weights))
    else:
        block = family_module(understood.family, "recipe").load_network(folder)
        theirs = np.load(weights) if weights.suffix == ".npz" else mx.nd.load(str(weights))
        parameters = block._collect_params_with_prefix()
        for source, ours, _ in understood.table:
            array = theirs[source]
            parameters[ours].set_data(to_nd(array) if isinstance(array, np.ndarray) else array)

    def run(windows: Float32) -> Float64:
        answer = block(to_nd(windows.transpose(1, 0, 2)))  # NTC -> TNC
        return np.asarray(answer.asnumpy().transpose(1, 0, 2), np.float64)

    return run


def _pytorch(path: Path, understood: Understood) -> Original:
    import torch

    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        loaded = load_file(path)
    else:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        for key in ("state_dict", "model_state_dict"):
            loaded = loaded.get(key, loaded)
    names = dict(torch_names(understood.family, understood.weights))
    theirs = {ours: source for source, ours, _ in understood.table}
    module = torch_module(understood.config, understood.channels)
    module.load_state_dict({name: loaded[theirs[ours]] for name, ours in names.items()})
    module.eval()

    def run(windows: Float32) -> Float64:
        with torch.no_grad():
            return np.asarray(module(torch.from_numpy(windows)).numpy(), np.float64)

    return run


def _keras(path: Path, understood: Understood) -> Original:
    import keras

    if re.search(r"\.weights\.h5$", path.name):
        model = keras_model(keras, understood.config, understood.channels)
        model.load_weights(path)
    else:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    return lambda windows: np.asarray(model.predict(windows, verbose=0), np.float64)


def _onnx(path: Path, understood: Understood) -> Original:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise InputError(f"{path} does not load in onnxruntime: {first_line(error)}") from error
    (port,) = session.get_inputs()
    rows = len(port.shape) == 2  # (N T, C), as scikit-learn's pipelines have it
    fixed = port.shape[0] if isinstance(port.shape[0], int) and not rows else None

    def run(windows: Float32) -> Float64:
        if understood.scaler is not None:  # the graph's own, which undoes this
            raw = windows * understood.scaler.scale + understood.scaler.mean
            windows = raw.astype(np.float32)
        size = fixed or len(windows)
        padded = np.resize(windows, (-(-len(windows) // size) * size, *windows.shape[1:]))
        given = padded.reshape(-1, padded.shape[2]) if rows else padded
        step = size * padded.shape[1] if rows else size
        parts = [
            session.run(None, {port.name: given[i : i + step]})[0]
            for i in range(0, len(given), step)
        ]
        whole: Float64 = np.concatenate(parts).reshape(padded.shape)[: len(windows)]
        return whole.astype(np.float64)

    return run
