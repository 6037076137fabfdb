"""Weights both ways between a checkpoint and PyTorch.

    module = to_torch("checkpoint")                          a torch.nn.Module, ready to run
    from_torch(module.state_dict(), config, "checkpoint")    a checkpoint, ready to export

Gluon and PyTorch stack an LSTM's gates alike (i, f, g, o) and both keep two
bias vectors, so this is a change of names. The repeat-vector family has one
bias vector a layer: the second one is added to the first on the way in.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.errors import CheckpointError, ExtraError
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.families.config import Config
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig
from stillwatch.train.families.table import CONFIGS

if TYPE_CHECKING:
    import torch

__all__ = ["from_torch", "to_torch", "torch_module", "torch_names"]

_PARTS = {
    "weight_ih": "i2h_weight",
    "weight_hh": "h2h_weight",
    "bias_ih": "i2h_bias",
    "bias_hh": "h2h_bias",
}


def to_torch(folder: str | Path) -> "torch.nn.Module":
    """Returns the network of a checkpoint as a PyTorch module in evaluation mode.

    It takes scaled values (N, T, C), C = 1 for independent channels, and
    gives their reconstruction. Raises CheckpointError, and ExtraError where
    PyTorch is not installed.
    """
    checkpoint, weights = load_checkpoint(folder)
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"PyTorch does not import here ({error}): pip install 'stillwatch[torch]'"
        ) from error
    module = torch_module(checkpoint.config, len(checkpoint.channels))
    names = dict(torch_names(checkpoint.config))
    if set(names.values()) != set(weights):
        raise CheckpointError(f"{folder} does not hold the weights of its family")
    state = {torch_name: torch.from_numpy(weights[name]) for torch_name, name in names.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:  # PyTorch lists what does not fit
        raise CheckpointError(f"{folder} does not fit its family: {_one_line(error)}") from error
    return module.eval()


def torch_module(config: Config, channels: int) -> "torch.nn.Module":
    """Returns a family's network as a PyTorch module with PyTorch's own initial weights."""
    from stillwatch.export.pytorch import modules

    if isinstance(config, NabRdsConfig):
        return modules.NabRds(config.units)
    if isinstance(config, SensorConfig):
        return modules.Sensor(channels=channels, units=config.units, layers=config.layers)
    width = 1 if config.channels == "independent" else channels
    return modules.RepeatVector(channels=width, units=config.units, layers=config.layers)


def torch_names(config: Config) -> Iterator[tuple[str, str]]:
    """Yields each parameter's name in PyTorch and in a .params file."""
    blocks = ("lstm",) if isinstance(config, NabRdsConfig) else ("encoder", "decoder")
    layers = 1 if isinstance(config, NabRdsConfig) else config.layers
    apart = isinstance(config, SensorConfig)  # its layers are blocks of their own in Gluon
    for block in blocks:
        for layer in range(layers):
            ours = f"{block}.{layer}._unfused.0" if apart else f"{block}._unfused.{layer}"
            for torch_part, part in _PARTS.items():
                yield f"{block}.{torch_part}_l{layer}", f"{ours}.{part}"
    yield from (("dense.weight",) * 2, ("dense.bias",) * 2)


def from_torch(
    state_dict: Mapping[str, Any],
    config: Config,
    folder: str | Path,
    *,
    channels: int = 1,
    normal: Float64 | None = None,
) -> Checkpoint:
    """Returns the checkpoint written to `folder` from the state dict of a module of this family.

    state_dict: tensors or arrays, named as in `to_torch`'s modules. channels:
    how many sensors, each a sequence of its own unless the configuration is
    joint. normal: (T,), the training series in the sensor's units, which nab-rds
    wants for its scaler and thresholds; the other families have theirs with
    'stillwatch calibrate'. Raises CheckpointError for names or shapes that are
    not the family's, InputError without the data.
    """
    # These import onnx, which `to_torch` does without.
    from stillwatch.export.capsule.build import check_parameters
    from stillwatch.export.families.registry import expected_shapes
    from stillwatch.export.pytorch.nab_rds_thresholds import calibrated
    from stillwatch.export.pytorch.weights import count_parameters, save_weights

    found = {name: _as_array(tensor) for name, tensor in state_dict.items()}
    names = dict(torch_names(config))
    if set(found) != set(names):
        odd = sorted(set(found) ^ set(names))
        raise CheckpointError(f"expected the state dict of this family, these differ: {odd}")
    weights = {names[name]: array for name, array in found.items()}
    if isinstance(config, RepeatVectorConfig):
        weights = _with_one_bias(weights)
    nab_rds = isinstance(config, NabRdsConfig)
    family = next(name for name, kind in CONFIGS.items() if isinstance(config, kind))
    checkpoint = Checkpoint(
        family=family,
        config=config,
        channels=tuple(("value" if nab_rds else f"channel_{i + 1}", "") for i in range(channels)),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
        parameters=count_parameters(family, weights),
        calibrations={},
        curve={"train": [], "validation": []},
        data={"name": "PyTorch state dict", "rows": 0, "sha256": fingerprint([])},
    )
    check_parameters(weights, expected_shapes(checkpoint))
    if isinstance(config, NabRdsConfig):
        checkpoint = calibrated(checkpoint, config, weights, normal)
    save_weights(weights, checkpoint, Path(folder))
    return checkpoint


def _with_one_bias(weights: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    folded = dict(weights)
    for name, bias in weights.items():
        if name.endswith("h2h_bias"):
            first = name.replace("h2h_bias", "i2h_bias")
            folded[first] = (weights[first].astype(np.float64) + bias).astype(np.float32)
            folded[name] = np.zeros_like(bias)
    return folded


def _as_array(tensor: Any) -> Float32:
    plain = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
    return np.ascontiguousarray(plain, np.float32)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
