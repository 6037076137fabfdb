"""Weights both ways between a checkpoint and PyTorch.

    module = to_torch("checkpoint")                          a torch.nn.Module, ready to run
    from_torch(module.state_dict(), config, "checkpoint")    a checkpoint, ready to export

Gluon and PyTorch stack an LSTM's gates alike (i, f, g, o) and both keep two
bias vectors, so this is a change of names. The repeat-vector family has one
bias vector a layer: the second one is added to the first on the way in.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.export.graph.lstm import summed_biases
from stillwatch.export.pytorch.names import as_ours, torch_names
from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.errors import CheckpointError, ExtraError
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.families.config import Config

if TYPE_CHECKING:
    import torch

__all__ = ["from_torch", "to_torch", "torch_module"]


def to_torch(folder: str | Path) -> "torch.nn.Module":
    """Returns the network of a checkpoint as a PyTorch module in evaluation mode.

    It takes scaled values (N, T, C), C = 1 for independent channels, and
    gives their reconstruction; a forecaster's, scaled rows (N, L, C + K) and
    the calendar of the horizon, and what follows. Raises CheckpointError, and
    ExtraError where PyTorch is not installed.
    """
    checkpoint, weights = load_checkpoint(folder)
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"PyTorch does not import here ({error}): pip install 'stillwatch[torch]'"
        ) from error
    module = torch_module(checkpoint.config, len(checkpoint.channels))
    names = dict(torch_names(checkpoint.family, weights))
    if set(names) != set(module.state_dict()):
        raise CheckpointError(f"{folder} does not hold the weights of its family")
    state = {torch_name: torch.from_numpy(weights[name]) for torch_name, name in names.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:  # PyTorch lists what does not fit
        raise CheckpointError(f"{folder} does not fit its family: {_one_line(error)}") from error
    return module.eval()


def torch_module(config: Config, channels: int) -> "torch.nn.Module":
    """Returns a family's network as a PyTorch module with PyTorch's own initial weights.

    Raises CheckpointError for a family that has none.
    """
    from stillwatch.export.pytorch.modules import MODULES

    if config.family not in MODULES:
        raise CheckpointError(f"there is no PyTorch module of family {config.family}")
    return MODULES[config.family](config, channels)


def from_torch(
    state_dict: Mapping[str, Any],
    config: Config,
    folder: str | Path,
    *,
    channels: int = 1,
    normal: Float64 | None = None,
) -> Checkpoint:
    """Returns the checkpoint written to `folder` from the state dict of a module of this family.

    state_dict: tensors or arrays, named as in `to_torch`'s modules; a wrapper's
    `module.` before every name, and another name of the one dense layer, such
    as the sensor article's `fc`, are understood. channels: how many sensors,
    each a sequence of its own unless the configuration is joint; of a
    forecaster, channels and covariates. normal: the training series in the
    sensor's units, (T,) for nab-rds, which wants it for scaler and thresholds,
    (T, C + K) for a forecaster, whose scaler comes from it; the other families
    have theirs with 'stillwatch calibrate'. Raises CheckpointError for names
    or shapes that are not the family's, InputError without the data.
    """
    # These import onnx, which `to_torch` does without.
    from stillwatch.export.capsule.seal import check_parameters
    from stillwatch.export.pytorch.trained_elsewhere import scaled_by, shapes_of
    from stillwatch.export.pytorch.weights import save_weights

    shapes, frozen = shapes_of(config, channels)
    names = dict(torch_names(config.family, shapes))
    result = {name: _as_array(tensor) for name, tensor in as_ours(state_dict, names).items()}
    if set(result) != set(names):
        odd = sorted(set(result) ^ set(names))
        raise CheckpointError(f"expected the state dict of this family, these differ: {odd}")
    weights = _folded({names[name]: array for name, array in result.items()}, frozen)
    single = channels == 1 and config.family == "nab-rds"
    checkpoint = Checkpoint(
        family=config.family,
        config=config,
        channels=tuple(("value" if single else f"channel_{i + 1}", "") for i in range(channels)),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
        # What is chosen or stays at zero is no parameter.
        parameters=sum(int(weight.size) for name, weight in weights.items() if not frozen(name)),
        calibrations={},
        curve={"train": [], "validation": []},
        data={"name": "PyTorch state dict", "rows": 0, "sha256": fingerprint([])},
    )
    check_parameters(weights, shapes)
    checkpoint = scaled_by(checkpoint, weights, normal)
    save_weights(weights, checkpoint, Path(folder))
    return checkpoint


def _folded(weights: Mapping[str, AnyArray], frozen: Callable[[str], bool]) -> dict[str, AnyArray]:
    """Returns the weights with each frozen second bias added to the first, and zero."""
    folded = dict(weights)
    for name in filter(frozen, weights):
        first = name.replace("h2h_bias", "i2h_bias")
        if first != name:
            folded[first], folded[name] = summed_biases(weights[first], weights[name])
    return folded


def _as_array(tensor: Any) -> Float32:
    plain = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
    return np.ascontiguousarray(plain, np.float32)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
