"""PyTorch's files: .safetensors without torch, .pt and .pth with it, and never a pickle's code."""

import io
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from stillwatch.export.importing.layers import Foreign
from stillwatch.export.importing.names import PYTORCH, network_of
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError, ExtraError, first_line

__all__ = ["is_safetensors", "pytorch_network", "safetensors_arrays", "torch_arrays"]

# What a safetensors header calls the types that weights have; bfloat16 has no NumPy type.
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_MOST_HEADER = 1 << 24
_WAY_OUT = "save the weights with safetensors.torch.save_file(model.state_dict(), NAME)"


def is_safetensors(content: bytes) -> bool:
    """Whether the bytes begin as a safetensors file does: a length, then a JSON object."""
    return len(content) > 8 and content[8:9] == b"{" and _header_size(content) <= len(content) - 8


def safetensors_arrays(content: bytes, name: str) -> dict[str, AnyArray]:
    """Returns the arrays of a safetensors file by name; raises CheckpointError.

    Format: https://github.com/huggingface/safetensors#format
    """
    size = _header_size(content)
    if size > min(_MOST_HEADER, len(content) - 8):
        raise CheckpointError(f"{name} is cut short or damaged: it claims a header of {size} bytes")
    try:
        header = json.loads(content[8 : 8 + size])
        entries = {key: value for key, value in header.items() if key != "__metadata__"}
        body = memoryview(content)[8 + size :]
        return {key: _tensor(one, body, f"{name}: {key[:80]!a}") for key, one in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{name} is no safetensors file: {first_line(error)}") from error


def torch_arrays(content: bytes, name: str) -> dict[str, AnyArray]:
    """Returns the arrays of a .pt or .pth by name; raises CheckpointError, ExtraError.

    Read by `torch.load(weights_only=True)` alone, which makes tensors and
    plain containers and runs nothing else.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"{name} wants PyTorch to be read: pip install 'stillwatch[torch]', or {_WAY_OUT}"
        ) from error
    try:
        loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its unpickler meets
        raise CheckpointError(
            f"{name} holds more than weights, and reading it would run code: {_WAY_OUT} "
            f"({first_line(error)[:120]})"
        ) from error
    return _state_dict(loaded, name)


def pytorch_network(arrays: Mapping[str, AnyArray], name: str) -> Foreign:
    """Returns the layers of a state dict; raises CheckpointError."""
    projected = [key for key in arrays if ".weight_hr_l" in f".{key}"]
    if projected:
        raise CheckpointError(
            f"{name} has an LSTM with proj_size ({projected[0][:80]!a}), which no family has"
        )
    return network_of(arrays, PYTORCH, name)


def _state_dict(loaded: Any, name: str) -> dict[str, AnyArray]:
    """Returns the tensors of a state dict, or of a checkpoint of Lightning's that holds one."""
    if isinstance(loaded, Mapping):
        for key in ("state_dict", "model_state_dict"):
            if isinstance(loaded.get(key), Mapping):
                loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not loaded:
        raise CheckpointError(f"{name} is no state dict: {_WAY_OUT}")
    arrays = {}
    for key, tensor in loaded.items():
        if not isinstance(key, str) or not hasattr(tensor, "detach"):
            raise CheckpointError(f"{name} is no state dict: {str(key)[:80]!a} is no tensor")
        if tensor.is_floating_point():
            arrays[key] = np.asarray(tensor.detach().float().contiguous().numpy())
    return arrays


def _header_size(content: bytes) -> int:
    return int(struct.unpack_from("<Q", content)[0]) if len(content) >= 8 else 1 << 63


def _tensor(entry: Mapping[str, Any], body: memoryview, name: str) -> AnyArray:
    dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in _TYPES:
        raise CheckpointError(f"{name} has values of {dtype!a}: expected {', '.join(_TYPES)}")
    sizes = [begin, end, *shape]
    if not all(type(size) is int and size >= 0 for size in sizes) or end > len(body):
        raise CheckpointError(f"{name} is cut short or damaged")
    values = np.frombuffer(body[begin:end], _TYPES[dtype])
    return values.reshape(shape)  # ValueError where the claim does not fit the bytes
