"""Weights both ways between a checkpoint and PyTorch.

    module = to_torch("checkpoint")                          a torch.nn.Module, ready to run
    from_torch(module.state_dict(), config, "checkpoint")    a checkpoint, ready to export

Gluon and PyTorch stack an LSTM's gates alike (i, f, g, o) and both keep two
bias vectors, so this is a change of names. The repeat-vector family has one
bias vector a layer: the second one is added to the first on the way in.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32, Float64
from stillwatch.runtime.errors import CheckpointError, ExtraError
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.families.config import Config

if TYPE_CHECKING:
    import torch

__all__ = ["from_torch", "to_torch", "torch_module", "torch_names"]

_PARTS = {
    "i2h_weight": "weight_ih",
    "h2h_weight": "weight_hh",
    "i2h_bias": "bias_ih",
    "h2h_bias": "bias_hh",
}
_LAYER = re.compile(
    rf"(?P<block>\w+)(\.(?P<own>\d+))?\._unfused\.(?P<fused>\d+)\.(?P<part>{'|'.join(_PARTS)})"
)


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
    names = dict(torch_names(weights))
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


def torch_names(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields each parameter's name in PyTorch and in a .params file, of the latter.

    A layer that is a block of its own in Gluon (`encoder.1._unfused.0`) is one
    of a stack in PyTorch, as those of a fused block (`encoder._unfused.1`) are.
    """
    for name in names:
        layer = _LAYER.fullmatch(name)
        if layer is None:
            yield name, name
        else:
            number = layer["own"] or layer["fused"]
            yield f"{layer['block']}.{_PARTS[layer['part']]}_l{number}", name


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
    from stillwatch.export.capsule.seal import check_parameters
    from stillwatch.export.families.table import FAMILIES
    from stillwatch.export.pytorch.nab_rds_thresholds import calibrated
    from stillwatch.export.pytorch.weights import save_weights

    found = {name: _as_array(tensor) for name, tensor in state_dict.items()}
    family = FAMILIES[config.family]
    shapes = family.shapes(config, channels)
    names = dict(torch_names(shapes))
    if set(found) != set(names):
        odd = sorted(set(found) ^ set(names))
        raise CheckpointError(f"expected the state dict of this family, these differ: {odd}")
    weights = {names[name]: array for name, array in found.items()}
    weights = _folded(weights, family.frozen)
    checkpoint = Checkpoint(
        family=family.name,
        config=config,
        channels=tuple(
            ("value" if family.causal else f"channel_{i + 1}", "") for i in range(channels)
        ),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
        parameters=family.count(weights),
        calibrations={},
        curve={"train": [], "validation": []},
        data={"name": "PyTorch state dict", "rows": 0, "sha256": fingerprint([])},
    )
    check_parameters(weights, shapes)
    if family.causal:
        checkpoint = calibrated(checkpoint, weights, normal)
    save_weights(weights, checkpoint, Path(folder))
    return checkpoint


def _folded(weights: Mapping[str, AnyArray], frozen: Callable[[str], bool]) -> dict[str, AnyArray]:
    """Returns the weights with each frozen second bias added to the first, and zero."""
    folded = dict(weights)
    for name in filter(frozen, weights):
        first = name.replace("h2h_bias", "i2h_bias")
        total = weights[first].astype(np.float64) + weights[name]
        folded |= {first: total.astype(np.float32), name: np.zeros_like(weights[name])}
    return folded


def _as_array(tensor: Any) -> Float32:
    plain = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
    return np.ascontiguousarray(plain, np.float32)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
